import Flows
import Torch

/// The layers of a multi-scale flow (RealNVP, section 3.6; Glow, figure 2b), which a family's configuration builds.
public struct MultiscaleArchitecture {
  /// The layers of one level.
  public struct Level {
    /// From what comes into the level to what is split, or to the last latent.
    public let chain: Chain
    /// Runs of the chain's links that ``FlowConfiguration/activationCosts(batch:precision:)`` counts apart, in its order.
    public let groups: [Range<Int>]
    /// Takes half of the channels out as the level's latent; nil at the last level, whose output is the last latent.
    public let split: Split?

    /// - Parameter groups: nil for one of the whole chain.
    public init(_ chain: Chain, groups: [Range<Int>]? = nil, split: Split? = nil) {
      self.chain = chain
      self.groups = groups ?? [chain.links.indices]
      self.split = split
    }
  }

  /// The first level, of the finest resolution, first.
  public let levels: [Level]
  /// The distribution of the last level's latent.
  public let prior: any Prior
  /// Predicts the label from the last latent.
  public let classifier: ClassifierHead?
  /// Whether the chains or the splits read the context's labels. Where the prior alone does, one pass serves all labels.
  public let readsLabelsBelowPrior: Bool

  /// - Parameters:
  ///   - levels: the finest first; each but the last with a split.
  ///   - classifier: nil for none.
  public init(
    levels: [Level], prior: any Prior, classifier: ClassifierHead? = nil, readsLabelsBelowPrior: Bool = false
  ) {
    precondition(
      levels.last?.split == nil && levels.dropLast().allSatisfy { $0.split != nil },
      "every level but the last has a split")
    self.levels = levels
    self.prior = prior
    self.classifier = classifier
    self.readsLabelsBelowPrior = readsLabelsBelowPrior
  }
}

/// A flow of several levels, each a chain of bijections, with half of the channels split off as a latent after every level
/// but the last. ``Glow`` and ``RealNVP`` are two.
///
/// Images are `[batch, height, width, channel]`, dequantized to -1/2 ..< 1/2 (``Quantization``). A model belongs to one
/// thread.
///
/// ```swift
/// var configuration = GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 8, hidden: 128)
/// let glow = try Glow(configuration, seed: 1)
/// try glow.initialize(from: images)  // [256, 32, 32, 3]
/// let bits = try glow.bitsPerDimension(images)  // [256]
/// ```
public final class MultiscaleFlow<Configuration: FlowConfiguration>: FlowModel {
  typealias Level = MultiscaleArchitecture.Level

  public let configuration: Configuration
  public let options: TensorOptions
  public let parameters: ParameterVector
  public let statistics: [RunningStatistics]
  public private(set) var precision = ConditionerPrecision.float32
  public var parallelism = Parallelism.automatic
  /// One for each thread that takes images of its own, but the first.
  var helpers: [MultiscaleFlow] = []
  let levels: [Level]
  let prior: any Prior
  let classifier: ClassifierHead?
  let readsLabelsBelowPrior: Bool

  /// A model with fresh weights. Before training, call ``initialize(from:labels:)``.
  /// - Throws: ``ModelError`` for a configuration that makes no sense.
  public convenience init(
    _ configuration: Configuration, options: TensorOptions = TensorOptions(), seed: UInt64 = 0
  ) throws {
    try configuration.validate()
    try self.init(configuration, options: options, seed: seed, ParameterVector.init)
    // The memory of the parameters before they moved into one vector.
    Runtime.returnFreedMemory()
  }

  /// A model of the same values, to the same memory, with gradients of its own.
  convenience init(helping other: MultiscaleFlow) throws {
    try self.init(other.configuration, options: other.options, seed: 0) {
      try ParameterVector($0, sharingValuesOf: other.parameters)
    }
    for (own, other) in zip(buffers, other.buffers) { own.share(other) }
    try use(other.precision)
    parallelism = .operations
  }

  private init(
    _ configuration: Configuration, options: TensorOptions, seed: UInt64,
    _ vector: ([Parameter]) throws -> ParameterVector
  ) throws {
    self.configuration = configuration
    self.options = options
    let architecture = try configuration.makeArchitecture(options: options, using: Generator(seed: seed))
    (levels, prior, classifier) = (architecture.levels, architecture.prior, architecture.classifier)
    readsLabelsBelowPrior = architecture.readsLabelsBelowPrior
    statistics = levels.flatMap(\.chain.statistics)
    parameters = try vector(
      levels.flatMap { $0.chain.parameters + ($0.split?.parameters ?? []) } + prior.parameters
        + (classifier?.parameters ?? []))
  }

  public var buffers: [Buffer] { levels.flatMap(\.chain.buffers) }

  public func use(_ precision: ConditionerPrecision) throws {
    if let obstacle = configuration.obstacle(to: precision, on: options.device) { throw ModelError.request(obstacle) }
    self.precision = precision
    for level in levels { level.chain.use(precision) }
    for helper in helpers { try helper.use(precision) }
  }

  /// Sets what depends on data (every ActNorm, running averages) from one batch of images, layer after layer; 256 images by
  /// default in training. Call it once, on a fresh model; never on a loaded one.
  /// - Parameter labels: as of every pass (``FlowModel``).
  public func initialize(from x: Tensor, labels: Tensor? = nil) throws {
    try checkShape(x)
    try withInference {
      try using(.float32) {
        let context = Context(labels: try conditions(of: labels, count: x.shape[0]), statistics: .first)
        var x = x
        for level in levels {
          x = try level.chain.initialize(from: x, under: context)
          if let split = level.split { x = try split.divide(x).kept }
        }
      }
    }
    Runtime.returnFreedMemory()
  }

  /// The condition of labels, each a row with 1 at its label and 0 elsewhere, `[count, classes]`, or of attributes,
  /// `[count, attributes]`; nil for a model without either.
  /// - Parameter labels: as of every pass (``FlowModel``).
  public func conditions(of labels: Tensor?, count: Int) throws -> Tensor? {
    if !configuration.attributeNames.isEmpty { return try attributeRows(labels, count: count) }
    guard configuration.classCount > 0 else {
      guard labels == nil else { throw ModelError.request("the model is not conditional: it takes no labels") }
      return nil
    }
    guard let labels, labels.shape == [count] else {
      throw ModelError.request("the model is conditional: it needs a label for each of the \(count) images")
    }
    return try Tensor.identity(configuration.classCount, options.dtype, on: options.device)
      .selecting(labels, alongDimension: 0)
  }

  private func attributeRows(_ rows: Tensor?, count: Int) throws -> Tensor {
    let shape = [count, configuration.conditionCount]
    guard let rows else { return try .zeros(shape, options.dtype, on: options.device) }
    guard rows.shape == shape, rows.dtype.isFloatingPoint else {
      throw ModelError.request(
        "the model is conditioned on attributes: it takes rows \(shape) of floating-point numbers, got \(rows.shape) of "
          + "\(rows.dtype)")
    }
    return try rows.converted(to: options.dtype, on: options.device)
  }

  func context(_ labels: Tensor?, count: Int) throws -> Context {
    Context(labels: try conditions(of: labels, count: count))
  }
}

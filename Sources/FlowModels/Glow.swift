import Flows
import Foundation
import Torch

/// Glow (Kingma & Dhariwal 2018): L levels, each a squeeze and K steps of flow, with half of the channels split off as a
/// latent after every level but the last.
///
/// Images are `[batch, height, width, channel]`, dequantised to -1/2 ..< 1/2 (``Quantisation``). A model belongs to one
/// thread.
public final class Glow: FlowModel {
  struct Level {
    let squeeze = Squeeze()
    let chain: Chain
    /// Nil at the last level.
    let split: Split?

    var steps: [FlowStep] { chain.links.compactMap { $0 as? FlowStep } }
  }

  public let configuration: GlowConfiguration
  public let options: TensorOptions
  let levels: [Level]
  let prior: TopPrior
  let classifier: ClassifierHead?
  /// Read by the layers of a model that is conditioned in more than the top prior.
  let condition: Condition?
  public let parameters: ParameterVector
  public private(set) var precision = ConditionerPrecision.float32

  /// A model with fresh weights. Before training, call ``initialize(from:)``.
  /// - Throws: ``ModelError`` for a configuration that makes no sense.
  public init(_ configuration: GlowConfiguration, options: TensorOptions = TensorOptions(), seed: UInt64 = 0) throws {
    try configuration.validate()
    self.configuration = configuration
    self.options = options
    let generator = try Generator(seed: seed)
    let condition =
      configuration.classCount > 0 && configuration.labelConditioning != .prior
      ? Condition(classes: configuration.classCount) : nil
    self.condition = condition
    levels = try (1...configuration.levels).map {
      try Self.makeLevel($0, configuration, condition, options: options, using: generator)
    }
    let top = configuration.latentShape(level: configuration.levels)[2]
    prior = try TopPrior("prior", configuration, like: options)
    classifier =
      configuration.classifier
      ? try ClassifierHead("classifier", channels: top, classes: configuration.classCount, like: options) : nil
    parameters = try ParameterVector(
      levels.flatMap { $0.chain.parameters + ($0.split?.parameters ?? []) } + prior.parameters
        + (classifier?.parameters ?? []))
    // Of the parameters before they moved into one vector.
    Runtime.returnFreedMemory()
  }

  /// Sets what the couplings' conditioners multiply.
  /// - Throws: ``ModelError`` if they cannot, on this machine or with this model.
  public func use(_ precision: ConditionerPrecision) throws {
    if let obstacle = precision.obstacle(on: options.device, hidden: configuration.hidden) {
      throw ModelError.request(obstacle)
    }
    self.precision = precision
    for step in levels.flatMap(\.steps) { (step.coupling.conditioner as? ConvConditioner)?.precision = precision }
  }

  public var buffers: [Buffer] { levels.flatMap(\.chain.buffers) }

  private static func makeLevel(
    _ level: Int, _ configuration: GlowConfiguration, _ condition: Condition?, options: TensorOptions,
    using generator: Generator
  ) throws -> Level {
    let channels = configuration.channels << (level + 1)
    let steps = try (1...configuration.steps).map {
      try makeStep("level\(level).step\($0)", channels, configuration, condition, options: options, using: generator)
    }
    guard level < configuration.levels else { return Level(chain: Chain(steps), split: nil) }
    let (name, shape) = (
      "level\(level).split", [configuration.height >> level, configuration.width >> level, channels]
    )
    let split =
      configuration.priors == .diagonal
      ? try Split(name, ownGaussian: shape, condition: condition, like: options)
      : try Split(
        name, shape: shape, edgeChannel: configuration.edgeChannel, condition: condition,
        sharesPositions: configuration.labelConditioning == .priors, like: options)
    return Level(chain: Chain(steps), split: split)
  }

  private static func makeStep(
    _ name: String, _ channels: Int, _ configuration: GlowConfiguration, _ condition: Condition?,
    options: TensorOptions, using generator: Generator
  ) throws -> FlowStep {
    let permutation: any Bijection =
      switch configuration.permutation {
      case .reverse: try ChannelPermutation.reverse(name + ".permutation", channels: channels, on: options.device)
      case .shuffle:
        try ChannelPermutation.shuffle(
          name + ".permutation", channels: channels, on: options.device, using: generator)
      case .conv1x1, .conv1x1LU:
        try InvertibleConv1x1(
          name + ".permutation", channels: channels, factored: configuration.permutation == .conv1x1LU, like: options,
          using: generator)
      }
    let transform = configuration.transform
    let conditioner = try ConvConditioner(
      name + ".coupling.conditioner", inputs: channels / 2, hidden: configuration.hidden,
      outputs: channels / 2 * transform.outputsPerChannel, edgeChannel: configuration.edgeChannel,
      logScaleFactor: configuration.logScaleFactor,
      condition: configuration.labelConditioning == .everywhere ? condition : nil, like: options, using: generator)
    return FlowStep(
      name,
      actnorm: try ActNorm(
        name + ".actnorm", channels: channels, logScaleFactor: configuration.logScaleFactor, like: options),
      permutation: permutation, coupling: Coupling(transform, conditioner: conditioner))
  }

  /// Sets every ActNorm from one batch of images (256 by default in training), layer after layer. Call it once, on a
  /// fresh model; never on a loaded one.
  /// - Parameter labels: int64 `[batch]`; a conditional model needs them.
  public func initialize(from x: Tensor, labels: Tensor? = nil) throws {
    try checkShape(x)
    try withInference {
      try using(.float32) {
        condition?.weights = try oneHot(labels, count: x.shape[0])
        var x = x
        for level in levels {
          x = try level.chain.initialize(from: level.squeeze.forward(x, keep: false).y)
          if let split = level.split { x = try split.divide(x).kept }
        }
      }
    }
    Runtime.returnFreedMemory()
  }

  /// The rows `[count, classes]` of `labels`; nil for a model without labels.
  func oneHot(_ labels: Tensor?, count: Int) throws -> Tensor? {
    guard configuration.classCount > 0 else { return nil }
    guard let labels, labels.shape == [count] else {
      throw ModelError.request("the model is conditional: it needs a label for each of the \(count) images")
    }
    return try Tensor.identity(configuration.classCount, options.dtype, on: options.device)
      .selecting(labels, alongDimension: 0)
  }
}

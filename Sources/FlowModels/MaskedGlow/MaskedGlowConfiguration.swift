import Flows
import Torch

/// A Glow after a few masked autoregressive steps on the pixels themselves.
///
/// Each pixel step is ActNorm, the invertible 1x1 convolution over the image's own channels, and a
/// `MaskedAutoregression`: every pixel is predicted from its neighbors before it, in one of four orders in turn. They come
/// before the first squeeze and are narrow and cheap; Glow's levels take what is left. A sample costs one pass through each
/// step's wavefront more.
public typealias MaskedGlow = MultiscaleFlow<MaskedGlowConfiguration>

/// Everything that decides a ``MaskedGlow``'s shape.
///
/// ```swift
/// var configuration = MaskedGlowConfiguration(
///   pixelSteps: 4, pixelHidden: 32,
///   before: GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 6, hidden: 96))
/// let model = try MaskedGlow(configuration, seed: 1)
/// ```
public struct MaskedGlowConfiguration: FlowConfiguration {
  public static let kind = "masked-glow"
  public static let title = "MaskedGlow"
  public static var standard: Self {
    var glow = GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 6, hidden: 96)
    glow.scale = .bounded
    glow.deviationLimit = 2
    return Self(pixelSteps: 4, pixelHidden: 32, before: glow)
  }
  public static var features: Set<FlowFeature> { GlowConfiguration.features }
  public static var citation: String { GlowConfiguration.citation }
  public static var labelConditionings: [String] { GlowConfiguration.labelConditionings }
  public static var fields: [ConfigurationField<Self>] {
    [
      .integer("pixelSteps", "Masked steps on the pixels.", \.pixelSteps),
      .integer("pixelHidden", "Hidden channels of their networks.", \.pixelHidden),
    ] + GlowConfiguration.fields.map { $0.inside(\.glow) }
  }

  /// Masked steps on the pixels, before the first squeeze.
  public var pixelSteps: Int
  /// Hidden channels of their networks.
  public var pixelHidden: Int
  /// What comes after them; of the image's own size.
  public var glow: GlowConfiguration

  /// - Parameter glow: what comes after the pixel steps.
  public init(pixelSteps: Int, pixelHidden: Int, before glow: GlowConfiguration) {
    self.pixelSteps = pixelSteps
    self.pixelHidden = pixelHidden
    self.glow = glow
  }

  public var height: Int {
    get { glow.height }
    set { glow.height = newValue }
  }
  public var width: Int {
    get { glow.width }
    set { glow.width = newValue }
  }
  public var channels: Int {
    get { glow.channels }
    set { glow.channels = newValue }
  }
  public var bits: Int {
    get { glow.bits }
    set { glow.bits = newValue }
  }
  public var levels: Int { glow.levels }
  public var classNames: [String] { glow.classNames }
  public var attributeNames: [String] { glow.attributeNames }

  public var summary: String {
    "MaskedGlow L=\(levels) K=\(glow.steps) hidden=\(glow.hidden), after \(pixelSteps) pixel steps of \(pixelHidden)"
  }

  public var sizeColumns: [String] {
    ["\(levels)", "\(pixelSteps) + \(glow.steps)", "\(pixelHidden), \(glow.hidden)", glow.coupling.rawValue]
  }

  public func latentShape(level: Int) -> [Int] { glow.latentShape(level: level) }

  public func validate() throws {
    try ModelError.require((1...256).contains(pixelSteps), "pixelSteps", pixelSteps, "1 to 256")
    try ModelError.require((1...4096).contains(pixelHidden), "pixelHidden", pixelHidden, "1 to 4096")
    try glow.validate()
  }

  public mutating func condition(onLabels names: [String], as choice: String?) throws {
    try glow.condition(onLabels: names, as: choice)
  }

  public mutating func condition(onAttributes names: [String]) throws { try glow.condition(onAttributes: names) }

  public var attributeExclusions: [AttributeExclusion] {
    get { glow.attributeExclusions }
    set { glow.attributeExclusions = newValue }
  }
  public var attributeExamples: [[Float]] {
    get { glow.attributeExamples }
    set { glow.attributeExamples = newValue }
  }

  public func obstacle(to precision: ConditionerPrecision, on device: Device) -> String? {
    glow.obstacle(to: precision, on: device) ?? precision.obstacle(on: device, hidden: pixelHidden)
  }

  public var parameterCount: Int {
    let edge = glow.edgeChannel ? 1 : 0
    let (first, last) = (ConvolutionTaps.before(.down).count, ConvolutionTaps.upTo(.down).count)
    let network =
      first * (channels + edge) * pixelHidden + glow.classesOfConditioners * pixelHidden + pixelHidden * pixelHidden
      + 4 * pixelHidden + last * (pixelHidden + edge) * 2 * channels + 4 * channels
    return glow.parameterCount + pixelSteps * (2 * channels + glow.permutationParameters(channels) + network)
  }

  /// The pixel steps, then those of each level.
  public func activationCosts(batch: Int, precision: ConditionerPrecision) -> [ActivationCost] {
    let pixels = batch * height * width
    let hidden = 2 * pixelHidden * (precision == .bfloat16 ? DType.bfloat16 : .float32).byteWidth
    // The step's input, the map's, and its network's hidden layers and output.
    let bytes = pixels * (4 * channels * DType.float32.byteWidth + hidden)
    return [ActivationCost(steps: pixelSteps, bytesPerStep: bytes)]
      + glow.activationCosts(batch: batch, precision: precision)
  }

  public func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel {
    try MaskedGlow(self, options: options, seed: seed)
  }

  public func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture {
    let orders = ScanOrder.allCases
    let pixels = try (0..<pixelSteps).map { index in
      try makePixelStep("pixels.step\(index + 1)", orders[index % orders.count], options, generator)
    }
    return try glow.makeArchitecture(after: pixels, options: options, using: generator)
  }

  private func makePixelStep(
    _ name: String, _ order: ScanOrder, _ options: TensorOptions, _ generator: Generator
  ) throws -> MaskedStep {
    MaskedStep(
      name,
      actnorm: try ActNorm(
        name + ".actnorm", channels: channels, logScaleFactor: glow.logScaleFactor, like: options),
      permutation: try glow.makePermutation(name, channels, options, generator),
      transform: try MaskedAutoregression(
        name + ".masked", channels: channels, hidden: pixelHidden, order: order, edgeChannel: glow.edgeChannel,
        logScaleFactor: glow.logScaleFactor, classes: glow.classesOfConditioners, like: options, using: generator))
  }
}

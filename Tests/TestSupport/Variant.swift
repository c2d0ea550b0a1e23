import FlowModels
import Testing
import Torch

/// A configuration under a name: together they turn on every option.
public struct Variant: CustomTestStringConvertible, Sendable {
  public let testDescription: String
  public let configuration: GlowConfiguration

  public init(
    _ name: String, height: Int = 8, width: Int = 8, channels: Int = 3, levels: Int = 2, steps: Int = 2,
    _ change: (inout GlowConfiguration) -> Void = { _ in }
  ) {
    testDescription = name
    var configuration = GlowConfiguration(
      height: height, width: width, channels: channels, levels: levels, steps: steps, hidden: 6)
    change(&configuration)
    self.configuration = configuration
  }

  public static let all = [
    Variant("plain"),
    Variant("classified") {
      $0.permutation = .conv1x1
      $0.scale = .exponential
      $0.edgeChannel = true
      $0.logScaleFactor = 3
      $0.classNames = ["a", "b", "c"]
      $0.classifier = true
    },
    Variant("additive", width: 12) {
      $0.permutation = .reverse
      $0.coupling = .additive
      $0.learnTop = false
    },
    Variant("everywhere", channels: 4) {
      $0.permutation = .shuffle
      $0.minimumScale = 0.1
      $0.edgeChannel = true
      $0.classNames = ["a", "b"]
      $0.labelConditioning = .everywhere
    },
    Variant("one level", height: 4, width: 6, channels: 1, levels: 1) { $0.bits = 5 },
    Variant("three levels", height: 8, width: 16, channels: 2, levels: 3, steps: 1) {
      $0.learnTop = false
      $0.scale = .exponential
      $0.classNames = ["a", "b", "c"]
      $0.labelConditioning = .everywhere
    },
    // Of weights from elsewhere.
    Variant("own Gaussians") { $0.priors = .diagonal },
    Variant("own Gaussians per label", height: 8, width: 16, channels: 1, levels: 3) {
      $0.priors = .diagonal
      $0.classNames = ["a", "b", "c"]
      $0.labelConditioning = .priors
    },
    Variant("labels in the priors", channels: 2) {
      $0.edgeChannel = true
      $0.classNames = ["a", "b"]
      $0.labelConditioning = .priors
      $0.deviationLimit = 1
    },
    Variant("attributes") {
      $0.attributes = ["a", "b", "c"]
      $0.labelConditioning = .everywhere
      $0.scale = .bounded
      $0.deviationLimit = 2
    },
    Variant("attributes in the top prior", channels: 1) { $0.attributes = ["a"] },
  ]

  /// Of those, the ones with labels.
  public static var conditional: [Variant] { all.filter { $0.configuration.classCount > 0 } }

  /// A model whose every parameter is random, those that a fresh one has at zero included.
  public func model(_ dtype: DType = .float64, scale: Double = 0.1) throws -> Glow {
    let glow = try Glow(configuration, options: TensorOptions(dtype), seed: 3)
    let noise = try randomTensor(glow.parameters.values.shape, seed: 4, scale: scale)
    try glow.parameters.values.addInPlace(noise.converted(to: dtype))
    return glow
  }

  public func images(_ count: Int, seed: UInt64 = 5, _ dtype: DType = .float64) throws -> Tensor {
    try randomImages([count, configuration.height, configuration.width, configuration.channels], seed: seed, dtype)
  }

  /// Each label in turn, or attributes from -1 to 1, some of which are not known; nil for a model without.
  public func labels(_ count: Int) throws -> Tensor? {
    let attributes = configuration.attributeNames.count
    if attributes > 0 { return try attributeRows(count, attributes) }
    guard configuration.classCount > 0 else { return nil }
    return try Tensor((0..<count).map { $0 % configuration.classCount })
  }
}

/// What is said of some images' attributes: all kinds of it.
public func attributeRows(_ count: Int, _ attributes: Int) throws -> Tensor {
  let values = [1, -1, 0, 0.5, -1, 1, -0.25]
  return try Tensor((0..<count * attributes).map { values[$0 % values.count] }, shape: [count, attributes])
}

import Flows
import Foundation
import Torch

/// RealNVP (Dinh, Sohl-Dickstein & Bengio 2017), the model that Glow improves on: the logit of the image, then at each level
/// couplings under checkerboard masks, a squeeze, couplings of channels, and half of the channels taken out as a latent; at
/// the last level checkerboards alone. A batch normalisation follows every coupling; the prior is a unit Gaussian.
///
/// In training the batch normalisations take the batch's statistics, and the backward pass rebuilds every layer's input, so
/// that no more than one layer's activations is ever held. Everything else takes their running averages.
public final class RealNVP: FlowModel {
  struct Level {
    /// What an error or a report calls each link.
    let names: [String]
    let chain: Chain

    var layers: [(name: String, layer: any Bijection)] { Array(zip(names, chain.links)) }
  }

  /// How far one step moves the running averages towards its batch's statistics, as in the released code.
  static let statisticsWeight = 0.1

  public let configuration: RealNVPConfiguration
  public let options: TensorOptions
  public let parameters: ParameterVector
  let levels: [Level]
  let phase: NormalisationPhase

  /// A model with fresh weights. Before training, call ``initialize(from:labels:)``.
  /// - Throws: ``ModelError`` for a configuration that makes no sense.
  public init(
    _ configuration: RealNVPConfiguration, options: TensorOptions = TensorOptions(), seed: UInt64 = 0
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.options = options
    let phase = NormalisationPhase()
    let generator = try Generator(seed: seed)
    levels = try (1...configuration.levels).map {
      try Self.makeLevel($0, configuration, phase, options: options, using: generator)
    }
    self.phase = phase
    parameters = try ParameterVector(levels.flatMap(\.chain.parameters))
    Runtime.returnFreedMemory()
  }

  public var buffers: [Buffer] { levels.flatMap(\.chain.buffers) }

  /// Those of the batch normalisations.
  public var keepsStatistics: Bool { true }

  /// float32, or float64 in a model of that type.
  public var precision: ConditionerPrecision { .float32 }

  public func use(_ precision: ConditionerPrecision) throws {
    guard precision == .float32 else {
      throw ModelError.request("a RealNVP multiplies no \(precision.rawValue): its precision is float32")
    }
  }

  private static func makeLevel(
    _ level: Int, _ configuration: RealNVPConfiguration, _ phase: NormalisationPhase, options: TensorOptions,
    using generator: Generator
  ) throws -> Level {
    var layers: [(String, any Bijection)] = []
    func addCoupling(_ name: String, _ mask: CouplingMask, channels: Int, hidden: Int) throws {
      let (name, inputs) = ("level\(level).\(name)", mask.isCheckerboard ? channels : channels / 2)
      let conditioner = try ResidualConditioner(
        name + ".coupling.conditioner", inputs: inputs, hidden: hidden, outputs: 2 * inputs,
        blocks: configuration.blocks, mask: mask, phase: phase, like: options, using: generator)
      let coupling = try MaskedCoupling(
        name + ".coupling", mask: mask, conditioner: conditioner, rescale: mask.isCheckerboard ? 0 : 1, like: options)
      layers.append((name + ".coupling", coupling))
      layers.append((name + ".norm", try BatchNorm(name + ".norm", channels: channels, phase: phase, like: options)))
    }

    let isLast = level == configuration.levels
    let (channels, hidden) = (configuration.channels << (level - 1), configuration.hidden << (level - 1))
    if level == 1 { layers.append(("logit", LogitTransform(alpha: configuration.alpha))) }
    for index in 0..<configuration.couplings + (isLast ? 1 : 0) {
      try addCoupling(
        "checkerboard\(index + 1)", .checkerboard(keepsOdd: index % 2 == 1), channels: channels, hidden: hidden)
    }
    if !isLast {
      layers.append(("level\(level).squeeze", Squeeze()))
      for index in 0..<configuration.couplings {
        try addCoupling(
          "channels\(index + 1)", .channels(keepsFirst: index % 2 == 0), channels: 4 * channels, hidden: 2 * hidden)
      }
      let name = "level\(level).order"
      layers.append((name, try ChannelPermutation(name, order: factorOrder(channels), on: options.device)))
    }
    return Level(names: layers.map(\.0), chain: Chain(layers.map(\.1)))
  }

  /// The order of squeezed channels before half of them is taken out: of every 2x2 square and every channel the first and
  /// the last pixel go on, as in the released code.
  private static func factorOrder(_ channels: Int) -> [Int] {
    [0, 3, 1, 2].flatMap { pixel in (0..<channels).map { 4 * $0 + pixel } }
  }

  /// Sets the running averages of every batch normalisation from one batch, layer after layer.
  public func initialize(from x: Tensor, labels: Tensor? = nil) throws {
    try check(x, labels)
    try withInference {
      var x = x
      for level in levels { x = try divide(level.chain.initialize(from: x), level).kept ?? x }
    }
    Runtime.returnFreedMemory()
  }

  /// The half of a level's output that goes on, nil at the last, and its latent.
  func divide(_ y: Tensor, _ level: Level) throws -> (kept: Tensor?, latent: Tensor) {
    guard level.chain !== levels.last!.chain else { return (nil, y) }
    let (kept, latent) = try y.splitLast(at: y.shape[3] / 2)
    return (kept, latent)
  }

  func check(_ x: Tensor, _ labels: Tensor?) throws {
    try checkShape(x)
    try checkNone(labels)
  }

  func checkNone(_ labels: Tensor?) throws {
    guard labels == nil else { throw ModelError.request("a RealNVP is no conditional model: it takes no labels") }
  }

  var prior: Gaussian {
    get throws {
      let zero = try Tensor.zeros([1], options.dtype, on: options.device)
      return Gaussian(mean: zero, logDeviation: zero)
    }
  }
}

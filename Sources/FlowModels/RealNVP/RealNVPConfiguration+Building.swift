import Flows
import Torch

/// RealNVP (Dinh, Sohl-Dickstein & Bengio 2017), the model that Glow improves on: the logit of the image, then at each level
/// couplings under checkerboard masks, a squeeze, couplings of channels, and half of the channels taken out as a latent; at
/// the last level checkerboards alone. A batch normalization follows every coupling; the prior is a unit Gaussian.
///
/// In training the batch normalizations take the batch's statistics, and the backward pass rebuilds every layer's input, so
/// that no more than one layer's activations is ever held. Everything else takes their running averages.
public typealias RealNVP = MultiscaleFlow<RealNVPConfiguration>

extension RealNVPConfiguration {
  public func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel {
    try RealNVP(self, options: options, seed: seed)
  }

  public func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture {
    MultiscaleArchitecture(
      levels: try (1...levels).map { try makeLevel($0, options, generator) }, prior: UnitGaussian(like: options))
  }

  private func makeLevel(
    _ level: Int, _ options: TensorOptions, _ generator: Generator
  ) throws -> MultiscaleArchitecture.Level {
    var links: [Chain.Link] = []
    func addCoupling(_ name: String, _ mask: CouplingMask, channels: Int, hidden: Int) throws {
      let (name, inputs) = ("level\(level).\(name)", mask.isCheckerboard ? channels : channels / 2)
      let conditioner = try ResidualConditioner(
        name + ".coupling.conditioner", inputs: inputs, hidden: hidden, outputs: 2 * inputs, blocks: blocks, mask: mask,
        like: options, using: generator)
      let coupling = try Coupling(
        name + ".coupling", .affine(.rescaledTanh(start: mask.isCheckerboard ? 0 : 1)), mask: mask,
        conditioner: conditioner, like: options)
      links.append(.init(name + ".coupling", coupling))
      links.append(.init(name + ".norm", try BatchNorm(name + ".norm", channels: channels, like: options)))
    }

    let isLast = level == levels
    let (channels, hidden) = (channels << (level - 1), hidden << (level - 1))
    if level == 1 { links.append(.init("logit", LogitTransform(alpha: alpha))) }
    for index in 0..<couplings + (isLast ? 1 : 0) {
      try addCoupling(
        "checkerboard\(index + 1)", .checkerboard(keepsOdd: index % 2 == 1), channels: channels, hidden: hidden)
    }
    guard !isLast else { return .init(Chain(links: links)) }
    links.append(.init("level\(level).squeeze", Squeeze()))
    for index in 0..<couplings {
      try addCoupling(
        "channels\(index + 1)", .channels(keepsFirst: index % 2 == 0), channels: 4 * channels, hidden: 2 * hidden)
    }
    let name = "level\(level).order"
    links.append(
      .init(name, try ChannelPermutation(name, order: Self.factorOrder(channels), on: options.device)))
    return .init(Chain(links: links), split: Split())
  }

  /// The order of squeezed channels before half of them is taken out: of every 2x2 square and every channel the first and
  /// the last pixel go on, as in the released code.
  private static func factorOrder(_ channels: Int) -> [Int] {
    [0, 3, 1, 2].flatMap { pixel in (0..<channels).map { 4 * $0 + pixel } }
  }
}

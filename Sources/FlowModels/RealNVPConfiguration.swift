import Torch

/// Everything that decides a RealNVP's shape (Dinh, Sohl-Dickstein & Bengio 2017).
public struct RealNVPConfiguration: FlowConfiguration {
  public static let kind = "realnvp"

  /// Height and width are multiples of `2^(levels - 1)`.
  public var height: Int
  public var width: Int
  public var channels: Int
  public var bits = 8
  /// Scales of the multi-scale architecture (section 3.6). All but the last end with a squeeze and couplings of channels.
  public var levels: Int
  /// Couplings of each kind per level; the last level has one more checkerboard. 3 as published.
  public var couplings = 3
  /// Residual blocks of each conditioner.
  public var blocks: Int
  /// Channels of the conditioners at the first level before its squeeze; each squeeze doubles them.
  public var hidden: Int
  /// Of the logit transform (``LogitTransform``); 0.05 as published.
  public var alpha = 0.05

  public init(height: Int, width: Int, channels: Int, levels: Int, blocks: Int, hidden: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.levels = levels
    self.blocks = blocks
    self.hidden = hidden
  }

  /// None: it is no conditional model.
  public var classNames: [String] { [] }

  public var summary: String { "RealNVP levels=\(levels) couplings=\(couplings) blocks=\(blocks) hidden=\(hidden)" }

  public func latentShape(level: Int) -> [Int] {
    level < levels
      ? [height >> level, width >> level, channels << level]
      : [height >> (level - 1), width >> (level - 1), channels << (level - 1)]
  }

  public func validate() throws {
    func require(_ condition: Bool, _ field: String, _ value: some CustomStringConvertible, _ expected: String) throws {
      guard condition else { throw ModelError.invalid(field: field, value: "\(value)", expected: expected) }
    }
    try require((1...16).contains(levels), "levels", levels, "1 to 16")
    try require((1...256).contains(couplings), "couplings", couplings, "1 to 256")
    try require((0...256).contains(blocks), "blocks", blocks, "0 to 256")
    // Their square has to fit an integer at the last level.
    let widest = min(1 << 16, 1 << (20 - levels))
    try require((1...widest).contains(hidden), "hidden", hidden, "1 to \(widest)")
    try require((1...4).contains(channels), "channels", channels, "1 to 4")
    try require((1...8).contains(bits), "bits", bits, "1 to 8")
    let unit = 1 << (levels - 1)
    for (field, size) in [("height", height), ("width", width)] {
      try require(
        size >= 2 * unit && size % unit == 0 && size <= 1 << 16, field, size,
        "a multiple of \(unit) and \(2 * unit) or more, since all but the last of \(levels) levels halve it")
    }
    try require(alpha > 0 && alpha < 0.5, "alpha", alpha, "above 0 and below 0.5")
  }

  public var parameterCount: Int {
    /// Of a coupling with its conditioner, which is told `mask` more channels.
    func coupling(_ inputs: Int, _ hidden: Int, mask: Int) -> Int {
      let square = hidden * hidden
      let stem = 9 * (2 * inputs + mask) * hidden + hidden
      let skips = (blocks + 1) * (square + 2 * hidden)
      return 1 + inputs + stem + skips + blocks * (18 * square + 4 * hidden) + hidden + (2 * hidden + 4) * inputs
    }
    return (1...levels).reduce(0) { total, level in
      let (channels, hidden) = (channels << (level - 1), hidden << (level - 1))
      let checkerboards = couplings + (level == levels ? 1 : 0)
      return total + checkerboards * coupling(channels, hidden, mask: 1)
        + (level == levels ? 0 : couplings * coupling(2 * channels, 2 * hidden, mask: 0))
    }
  }

  public func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel {
    try RealNVP(self, options: options, seed: seed)
  }
}

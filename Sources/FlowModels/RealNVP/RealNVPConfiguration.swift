import Torch

/// Everything that decides a RealNVP's shape (Dinh, Sohl-Dickstein & Bengio 2017).
///
/// ```swift
/// let configuration = RealNVPConfiguration(height: 32, width: 32, channels: 3, levels: 2, blocks: 2, hidden: 32)
/// let model = try RealNVP(configuration, seed: 1)
/// ```
public struct RealNVPConfiguration: FlowConfiguration {
  public static let kind = "realnvp"
  public static let title = "RealNVP"
  public static var standard: Self { Self(height: 32, width: 32, channels: 3, levels: 2, blocks: 2, hidden: 32) }
  public static let citation = """
    @inproceedings{dinh2017realnvp,
      title = {Density Estimation Using Real {NVP}},
      author = {Dinh, Laurent and Sohl-Dickstein, Jascha and Bengio, Samy},
      booktitle = {International Conference on Learning Representations},
      year = {2017}
    }
    """
  public static var fields: [ConfigurationField<Self>] {
    [
      .integer("levels", "L, levels.", \.levels), .integer("steps", "Couplings of each kind per level.", \.couplings),
      .integer("blocks", "Residual blocks of the coupling networks.", \.blocks),
      .integer("hidden", "Hidden channels of the coupling networks.", \.hidden),
      .integer("bits", "Bits per channel, 1 to 8.", \.bits),
    ]
  }

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
  /// The alpha of the logit transform (`LogitTransform`); 0.05 as published.
  public var alpha = 0.05

  /// All other fields are at their defaults. Nothing is checked before ``validate()``.
  public init(height: Int, width: Int, channels: Int, levels: Int, blocks: Int, hidden: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.levels = levels
    self.blocks = blocks
    self.hidden = hidden
  }

  public var sizeColumns: [String] { ["\(levels)", "\(couplings)", "\(hidden)", "affine"] }

  public var summary: String { "RealNVP levels=\(levels) couplings=\(couplings) blocks=\(blocks) hidden=\(hidden)" }

  public func latentShape(level: Int) -> [Int] {
    level < levels
      ? [height >> level, width >> level, channels << level]
      : [height >> (level - 1), width >> (level - 1), channels << (level - 1)]
  }

  public func validate() throws {
    try ModelError.require((1...16).contains(levels), "levels", levels, "1 to 16")
    try ModelError.require((1...256).contains(couplings), "couplings", couplings, "1 to 256")
    try ModelError.require((0...256).contains(blocks), "blocks", blocks, "0 to 256")
    // Their square has to fit an integer at the last level.
    let widest = min(1 << 16, 1 << (20 - levels))
    try ModelError.require((1...widest).contains(hidden), "hidden", hidden, "1 to \(widest)")
    try ModelError.require((1...4).contains(channels), "channels", channels, "1 to 4")
    try ModelError.require((1...8).contains(bits), "bits", bits, "1 to 8")
    let unit = 1 << (levels - 1)
    for (field, size) in [("height", height), ("width", width)] {
      try ModelError.require(
        size >= 2 * unit && size % unit == 0 && size <= 1 << 16, field, size,
        "a multiple of \(unit) and \(2 * unit) or more, since all but the last of \(levels) levels halve it")
    }
    try ModelError.require(alpha > 0 && alpha < 0.5, "alpha", alpha, "above 0 and below 0.5")
  }

  public var parameterCount: Int {
    /// The parameters of a coupling and its conditioner, which receives `mask` more channels.
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
}

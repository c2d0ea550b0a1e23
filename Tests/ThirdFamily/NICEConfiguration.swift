import FlowModels

/// NICE (Dinh, Krueger & Bengio 2014) on squeezed images: additive couplings, then a scale per channel. A third family of
/// models, small, which shows that one is three files and a line.
struct NICEConfiguration: FlowConfiguration {
  static let kind = "nice"
  static let title = "NICE"
  static var standard: NICEConfiguration { NICEConfiguration() }
  static var fields: [ConfigurationField<NICEConfiguration>] {
    [
      .integer("steps", "Couplings.", \.couplings), .integer("hidden", "Hidden channels.", \.hidden),
      .integer("bits", "Bits per channel, 1 to 8.", \.bits), .toggle("scaled", "Scale the channels.", \.scaled),
    ]
  }

  var height = 28
  var width = 28
  var channels = 1
  var bits = 8
  var couplings = 4
  var hidden = 16
  var scaled = true

  var levels: Int { 1 }
  var summary: String { "NICE couplings=\(couplings) hidden=\(hidden)" }

  func latentShape(level: Int) -> [Int] { [height / 2, width / 2, 4 * channels] }

  func validate() throws {
    for (field, size) in [("height", height), ("width", width)] where size < 2 || size % 2 != 0 || size > 1 << 16 {
      throw ModelError.invalid(field: field, value: "\(size)", expected: "an even number of pixels")
    }
    for (field, value, range) in [
      ("channels", channels, 1...4), ("bits", bits, 1...8), ("couplings", couplings, 1...256),
      ("hidden", hidden, 1...4096),
    ] where !range.contains(value) {
      throw ModelError.invalid(
        field: field, value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
  }

  var parameterCount: Int {
    let half = 2 * channels
    let conditioner = 9 * half * hidden + hidden * hidden + 4 * hidden + 9 * hidden * half + 2 * half
    return couplings * conditioner + (scaled ? 4 * half : 0)
  }
}

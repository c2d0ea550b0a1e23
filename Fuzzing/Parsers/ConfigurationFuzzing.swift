import FlowModels
import Foundation

/// A model's `config.json`.
struct ConfigurationFuzzing: FuzzedParser {
  static let name = "config"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  func seeds() throws -> [[UInt8]] {
    var glow = GlowConfiguration(height: 4, width: 8, channels: 3, levels: 2, steps: 1, hidden: 2)
    glow.classNames = ["a", "b"]
    glow.priors = .learned
    let realNVP = RealNVPConfiguration(height: 4, width: 8, channels: 1, levels: 2, blocks: 1, hidden: 2)
    return [
      Array("{\"format\": \"swift-glow\", \"version\": 1, \"model\": \"glow\", \"glow\": ".utf8)
        + (try JSONEncoder().encode(glow)) + Array("}".utf8),
      Array("{\"format\": \"swift-glow\", \"version\": 1, \"model\": \"realnvp\", \"realnvp\": ".utf8)
        + (try JSONEncoder().encode(realNVP)) + Array("}".utf8),
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "config.json").write(bytes)
    let configuration = try ModelFolder.readConfiguration(folder)
    _ = (1...configuration.levels).map { configuration.latentShape(level: $0) }
    _ = (configuration.summary, configuration.dimensions, configuration.parameterCount)
  }
}

import Analysis
import FlowModels
import Foundation
import Torch

/// Latents of a conditional model.
struct LatentsFuzzing: FuzzedParser {
  static let name = "latents"
  private let (file, seed): (URL, URL)
  private let model: Glow

  init(folder: URL) throws {
    (file, seed) = (folder.appending(path: "latents.safetensors"), folder.appending(path: "seed.safetensors"))
    var configuration = GlowConfiguration(height: 4, width: 4, channels: 1, levels: 2, steps: 1, hidden: 1)
    configuration.classNames = ["a", "b"]
    model = try Glow(configuration)
  }

  func seeds() throws -> [[UInt8]] {
    let levels = [item("level1", [1, 2, 2, 2]), item("level2", [1, 1, 1, 8], filledWith: 1)]
    return try [
      seed.afterWriting([item("labels", .int64, [1], littleEndian(1))] + levels, metadata: [:]),
      seed.afterWriting(levels + [item("labels", [1], filledWith: 1)], metadata: [:]),
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    _ = try LatentFile(contentsOf: file, for: model).latents.images(0..<1)
  }
}

/// Directions of attributes.
struct DirectionsFuzzing: FuzzedParser {
  static let name = "directions"
  private let (file, seed): (URL, URL)

  init(folder: URL) {
    (file, seed) = (folder.appending(path: "attributes.safetensors"), folder.appending(path: "seed.safetensors"))
  }

  func seeds() throws -> [[UInt8]] {
    let description = """
      {"model": "m", "data": "d", "labels": {"fixed": {"_0": 1}}, "shrinkage": 0.1, "latentShapes": [[1, 1, 2]],
      "attributes": [{"name": "a", "with": 1, "without": 2, "unknown": 0, "heldOutWith": 1, "heldOutWithout": 1,
      "areaUnderROC": {"mean": 0.5}, "length": {"mean": 1}}]}
      """
    return [
      try seed.afterWriting(
        ["mean", "discriminant"].map { item($0, [1, 2]) },
        metadata: ["format": "swift-glow attributes", "version": "1", "attributes": description])
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    let directions = try AttributeDirections(contentsOf: file)
    let shapes = try directions.edited(
      Latents(levels: [.zeros([1, 1, 1, 2])]), directions.attributes.indices.map { ($0, 0.5) }, along: .mean)
    _ = shapes.count
  }
}

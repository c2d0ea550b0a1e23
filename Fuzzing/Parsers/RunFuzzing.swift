import FlowModels
import Foundation
import Runs
import Training

/// A checkpoint's `training.json`.
struct TrainingStateFuzzing: FuzzedParser {
  static let name = "training"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  func seeds() throws -> [[UInt8]] {
    var state = TrainingState(configuration: TrainingConfiguration(data: "cifar10:/data"))
    state.configuration.microBatch = 8
    state.configuration.decay = .cosine
    let newest = try JSONEncoder().encode(state)
    var oldest = try JSONSerialization.jsonObject(with: newest) as! [String: Any]
    var configuration = oldest["configuration"] as! [String: Any]
    configuration["memory"] = nil
    configuration["keepActivations"] = true
    oldest["configuration"] = configuration
    oldest["version"] = 1
    return [Array(newest), Array(try JSONSerialization.data(withJSONObject: oldest))]
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "training.json").write(bytes)
    let state = try TrainingState.read(folder)
    _ = state.configuration.learningRate(after: state.imagesSeen)
    _ = state.configuration.imagesPerPass
  }
}

/// A run's `metrics.jsonl`.
struct MetricsFuzzing: FuzzedParser {
  static let name = "metrics"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  func seeds() -> [[UInt8]] {
    let line = """
      {"images":64,"step":1,"seconds":0.5,"trainBitsPerDimension":"inf","validationBitsPerDimension":3.5,\
      "gradientNorm":1e3,"learningRate":0.001,"imagesPerSecond":"nan","roundTripError":1e-06}

      """
    return [Array((line + line).utf8)]
  }

  func parse(_ bytes: [UInt8]) throws {
    let run = RunFolder(folder)
    let file = folder.appending(path: "metrics.jsonl")
    try file.write(bytes)
    try run.truncateMetrics(after: 100)
    try file.write(bytes)
    _ = try run.metrics()
  }
}

/// A checkpoint's `checksums.json`.
struct ChecksumsFuzzing: FuzzedParser {
  static let name = "checksums"
  private let folder: URL

  init(folder: URL) throws {
    self.folder = folder
    try folder.appending(path: "a").write(Array("123456789".utf8))
  }

  func seeds() -> [[UInt8]] { [Array("{\"a\":{\"bytes\":9,\"crc32c\":\"e3069283\"}}".utf8)] }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "checksums.json").write(bytes)
    try Checksums.verify(folder)
  }
}

import Files
import FlowModels
import Foundation

/// What a checkpoint says of its run, read without its weights: the fields of `training.json` that tell how far it is.
///
/// ```swift
/// if let checkpoint = RunFolder(URL(filePath: "runs/first")).checkpoints.last {
///   let summary = try CheckpointSummary(checkpoint)
///   print(summary.model.summary, "on", summary.data, "after", summary.images, "images")
/// }
/// ```
public struct CheckpointSummary: Sendable {
  /// What decides the shape of the model in it.
  public var model: any FlowConfiguration
  /// What was trained on, as `--data` takes it.
  public var data: String
  /// Images to train on, counting repetitions.
  public var totalImages: Int
  /// Images seen when it was written, counting repetitions.
  public var images: Int
  /// Optimizer steps when it was written.
  public var steps: Int
  /// Seconds of training when it was written, over all resumes.
  public var seconds: Double
  /// The bits per dimension on validation images, if they were measured just before it was written.
  public var validation: Double?
  /// The lowest validation of a checkpoint so far, and after how many images that one was written.
  public var best: (images: Int, bitsPerDimension: Double)?

  /// The name of the file, and the versions of it that are read.
  package static let stateName = "training.json"
  package static let stateVersions = 1...4

  private struct State: Decodable {
    struct Configuration: Decodable {
      var data: String
      var images: Int
    }
    struct Best: Decodable {
      var images: Int
      var bitsPerDimension: Double
    }
    var configuration: Configuration
    var imagesSeen: Int
    var steps: Int
    var seconds: Double
    var validation: Double?
    var best: Best?
  }

  /// - Throws: `ModelError` or ``TrainingError`` naming the file and the field that is wrong.
  public init(_ checkpoint: URL) throws {
    model = try ModelFolder.readConfiguration(checkpoint)
    let url = checkpoint.appending(path: Self.stateName)
    let state = try ModelFolder.decode(State.self, Self.state(of: checkpoint).data, file: url.path)
    data = state.configuration.data
    totalImages = state.configuration.images
    images = state.imagesSeen
    steps = state.steps
    seconds = state.seconds
    validation = state.validation
    best = state.best.map { ($0.images, $0.bitsPerDimension) }
    for (field, value) in [("configuration.images", totalImages), ("imagesSeen", images), ("steps", steps)] {
      guard value >= 0 else { throw TrainingError("\(url.path): \(field) is \(value), expected 0 or more") }
    }
  }

  /// A checkpoint's `training.json`, if it is of a version that is read.
  /// - Throws: `ModelError` or ``TrainingError`` naming the file.
  package static func state(of checkpoint: URL) throws -> (data: Data, version: Int) {
    let url = checkpoint.appending(path: stateName)
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw TrainingError("\(url.path) cannot be read: \(error.systemReason); without it training cannot resume")
    }
    struct Version: Decodable { var version: Int }
    // By itself first: the other fields may differ between versions.
    let version = try ModelFolder.decode(Version.self, data, file: url.path).version
    guard stateVersions.contains(version) else {
      throw TrainingError(
        "\(url.path): field version is \(version), this program reads versions \(stateVersions.lowerBound) to "
          + "\(stateVersions.upperBound)")
    }
    return (data, version)
  }
}

extension RunFolder {
  /// Whether this is the folder of a run, even of one that has written nothing yet.
  public var isRun: Bool {
    [checkpointsFolder, metricsFile].contains { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// Whether a process trains the run now.
  public var isBeingTrained: Bool { RunLock.isHeld(on: self) }

  /// When the run last wrote a line of metrics or a checkpoint.
  public var lastWritten: Date? {
    ([metricsFile] + checkpoints.suffix(1)).compactMap {
      try? FileManager.default.attributesOfItem(atPath: $0.path)[.modificationDate] as? Date
    }.max()
  }

  /// The summary of the newest checkpoint; nil where there is none.
  /// - Throws: as ``CheckpointSummary``'s initializer.
  public func newestCheckpointSummary() throws -> CheckpointSummary? {
    guard let newest = checkpoints.last else { return nil }
    do { return try CheckpointSummary(newest) } catch {
      // Training may have put others in its place since.
      guard let newer = checkpoints.last, newer != newest else { throw error }
      return try CheckpointSummary(newer)
    }
  }
}

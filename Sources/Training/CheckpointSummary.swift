import FlowModels
import Foundation

/// What a checkpoint says of its run, read without its weights.
public struct CheckpointSummary: Sendable {
  public var model: any FlowConfiguration
  public var training: TrainingConfiguration
  /// Images seen, optimiser steps and seconds of training when it was written.
  public var images: Int
  public var steps: Int
  public var seconds: Double
  /// The lowest validation of a checkpoint so far, and after how many images that one was written.
  public var best: (images: Int, bitsPerDimension: Double)?

  /// - Throws: `ModelError` or ``TrainingError`` naming the file and the field that is wrong.
  public init(_ checkpoint: URL) throws {
    model = try ModelFile.readConfiguration(checkpoint)
    let state = try TrainingState.read(checkpoint)
    training = state.configuration
    images = state.imagesSeen
    steps = state.steps
    seconds = state.seconds
    best = state.best.map { ($0.images, $0.bitsPerDimension) }
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
  /// - Throws: as ``CheckpointSummary``'s initialiser.
  public func newestCheckpointSummary() throws -> CheckpointSummary? {
    guard let newest = checkpoints.last else { return nil }
    do { return try CheckpointSummary(newest) } catch {
      // Training may have put others in its place since.
      guard let newer = checkpoints.last, newer != newest else { throw error }
      return try CheckpointSummary(newer)
    }
  }
}

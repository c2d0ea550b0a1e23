import Dispatch
import FlowModels
import Foundation
import Safetensors
import Synchronization
import Torch

/// Writes checkpoints on a thread of its own, one after the other, while training goes on.
final class CheckpointWriter: Sendable {
  private let queue = DispatchQueue(label: "checkpoints")
  private let failure = Mutex<(any Error)?>(nil)

  func start(_ body: @escaping @Sendable () throws -> Void) {
    queue.async { [self] in
      do { try body() } catch { failure.withLock { $0 = error } }
    }
  }

  /// Waits until nothing is being written.
  /// - Throws: what the last `body` threw, once.
  func wait() throws {
    queue.sync {}
    try throwFailure()
  }

  /// - Throws: what a `body` threw that has ended, once.
  func throwFailure() throws {
    let failure = failure.withLock { failure in
      defer { failure = nil }
      return failure
    }
    if let failure { throw failure }
  }
}

/// What a checkpoint holds, in memory of its own.
///
/// Its tensors are on the CPU and nobody else refers to them: that makes it fit for another thread.
struct CheckpointContents: @unchecked Sendable {
  let model: ModelFolder.Contents
  let state: TrainingState
  let vectors: [SafetensorsItem]

  @Sendable func write(to folder: URL) throws {
    try model.write(to: folder)
    try state.write(to: folder)
    try SafetensorsWriter.write(vectors, metadata: [:], to: folder.appending(path: TrainingState.tensorsName))
  }
}

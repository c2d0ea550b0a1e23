import FlowModels
import Foundation
import Torch

/// Puts rows of several callers together, runs them as one batch, and hands each its part. Belongs to the actor of the model,
/// on whose thread all of it runs.
final class Batcher {
  private struct Entry {
    let id: Int
    let pass: Pass
    let rows: Rows
    let whenDone: CheckedContinuation<Rows, any Error>
  }

  private let model: any FlowModel
  private let limits: BatchLimits
  private let activity: ActivityRecord
  private var waiting: [Entry] = []
  private var lastID = 0

  init(_ model: any FlowModel, _ limits: BatchLimits, _ activity: ActivityRecord) {
    self.model = model
    self.limits = limits
    self.activity = activity
  }

  func newID() -> Int {
    lastID += 1
    return lastID
  }

  var isEmpty: Bool { waiting.isEmpty }
  var isFull: Bool { waiting.reduce(0) { $0 + $1.rows.count } >= limits.size }

  func append(_ id: Int, _ pass: Pass, _ rows: Rows, whenDone: CheckedContinuation<Rows, any Error>) {
    waiting.append(Entry(id: id, pass: pass, rows: rows, whenDone: whenDone))
  }

  /// Takes out what has not been begun.
  func cancel(_ id: Int) {
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
    waiting.remove(at: index).whenDone.resume(throwing: CancellationError())
  }

  /// Runs the oldest entry with all others of its kind that fit in a batch beside it.
  func runOne() {
    guard let first = waiting.first else { return }
    var batch: [Entry] = []
    var count = 0
    waiting.removeAll { entry in
      guard entry.pass == first.pass, batch.isEmpty || count + entry.rows.count <= limits.size else { return false }
      batch.append(entry)
      count += entry.rows.count
      return true
    }
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let rows = try Rows.concatenating(batch.map(\.rows))
      // An entry of more than a batch is alone in this, and goes through in parts.
      let parts = try stride(from: 0, to: count, by: limits.size).map { begin in
        try first.pass.run(rows.rows(begin..<min(count, begin + limits.size)), on: model)
      }
      activity.count(batches: parts.count, images: count, seconds: (clock.now - start) / .seconds(1))
      let result = try Rows.concatenating(parts)
      var begin = 0
      let results = try batch.map { entry in
        defer { begin += entry.rows.count }
        return try result.rows(begin..<begin + entry.rows.count)
      }
      for (entry, result) in zip(batch, results) { entry.whenDone.resume(returning: result) }
    } catch {
      for entry in batch { entry.whenDone.resume(throwing: error) }
    }
  }
}

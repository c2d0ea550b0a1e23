import FlowModels
import Flows
import Foundation
import Synchronization
import Torch

/// Puts rows of several callers together, runs them piece by piece, and hands each caller its part. Belongs to the actor of
/// the model, on whose thread all of it runs.
final class Batcher {
  /// Work that a caller waits for.
  private struct Entry {
    let ticket: Ticket
    let pass: Pass
    let rows: Rows
    let whenDone: CheckedContinuation<Rows, any Error>
    /// What is done of it.
    var parts: [Rows] = []
    var rowsDone = 0

    var rowsLeft: Int { rows.count - rowsDone }
  }

  private let model: any FlowModel
  private let limits: BatchLimits
  private let activity: ActivityRecord
  private var waiting: [Entry] = []
  private var costs: PassCosts

  init(_ model: any FlowModel, _ limits: BatchLimits, _ activity: ActivityRecord) {
    self.model = model
    self.limits = limits
    self.activity = activity
    costs = PassCosts(model.configuration)
  }

  var isEmpty: Bool { waiting.isEmpty }
  var isFull: Bool { waiting.reduce(0) { $0 + $1.rowsLeft } >= limits.size }

  func append(_ ticket: Ticket, _ pass: Pass, _ rows: Rows, whenDone: CheckedContinuation<Rows, any Error>) {
    waiting.append(Entry(ticket: ticket, pass: pass, rows: rows, whenDone: whenDone))
  }

  /// Takes out what nobody waits for any more.
  func removeCancelled() {
    waiting.removeAll { entry in
      guard entry.ticket.isCancelled else { return false }
      entry.whenDone.resume(throwing: CancellationError())
      return true
    }
  }

  /// Runs one piece, of half a second or so: rows of the oldest entry, and of others of its kind as far as there is room.
  /// An entry of which rows are left goes to the end of the queue, so that a large one does not keep small ones waiting.
  func runPiece() {
    removeCancelled()
    guard let first = waiting.first else { return }
    let piece = takePiece(of: first.pass)
    let tickets = piece.map { $0.entry.ticket }
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let rows = try Rows.concatenating(piece.map { try $0.entry.rows.rows($0.range) })
      let result = try Interruption { try Ticket.checkCancellation(of: tickets) }.during {
        try first.pass.run(rows, on: model)
      }
      let seconds = (clock.now - start) / .seconds(1)
      costs.note(seconds, for: rows.count, of: first.pass)
      activity.count(images: rows.count, seconds: seconds)
      try hand(result, to: piece)
    } catch {
      for part in piece { part.entry.whenDone.resume(throwing: error) }
    }
  }

  private typealias Piece = [(entry: Entry, range: Range<Int>)]

  /// Takes those whose rows are next out of the queue.
  private func takePiece(of pass: Pass) -> Piece {
    var room = costs.rows(of: pass, atMost: limits.size)
    var piece: Piece = []
    waiting.removeAll { entry in
      guard entry.pass == pass, room > 0 else { return false }
      let count = min(room, entry.rowsLeft)
      room -= count
      piece.append((entry, entry.rowsDone..<entry.rowsDone + count))
      return true
    }
    return piece
  }

  private func hand(_ result: Rows, to piece: Piece) throws {
    var begin = 0
    let parts = try piece.map { _, range in
      defer { begin += range.count }
      return try result.rows(begin..<begin + range.count)
    }
    for ((entry, range), part) in zip(piece, parts) {
      var entry = entry
      entry.parts.append(part)
      entry.rowsDone = range.upperBound
      if entry.rowsLeft > 0 {
        waiting.append(entry)
      } else {
        entry.whenDone.resume(with: Result { try Rows.concatenating(entry.parts) })
      }
    }
  }
}

/// Tells from any thread that a caller waits no more.
final class Ticket: Sendable {
  private let flag = Atomic(false)

  var isCancelled: Bool { flag.load(ordering: .relaxed) }
  func cancel() { flag.store(true, ordering: .relaxed) }

  /// - Throws: `CancellationError` when nobody waits any more.
  static func checkCancellation(of tickets: [Ticket]) throws {
    if tickets.allSatisfy(\.isCancelled) { throw CancellationError() }
  }
}

/// How many rows of a pass take half a second, by what the last ones took.
private struct PassCosts {
  /// Between two pieces others have their turns, and callers can be told that their time is up.
  private static let secondsPerPiece = 0.5
  /// Multiplications and additions a second before any were measured: few, since a piece that is too large is the worse
  /// mistake.
  private static let assumedSpeed = 2e10

  private let assumedSeconds: Double
  /// How many passes it takes to know which condition is the most likely.
  private let conditions: Int
  private var secondsPerRow: [Pass: Double] = [:]

  init(_ configuration: any FlowConfiguration) {
    // As if all parameters were of the first level, which squeezes 2x2 pixels into one position.
    let positions = Double(configuration.dimensions / configuration.channels) / 4
    assumedSeconds = 2 * Double(configuration.parameterCount) * positions / Self.assumedSpeed
    conditions = max(1, configuration.classCount, 2 * configuration.attributeNames.count)
  }

  func rows(of pass: Pass, atMost limit: Int) -> Int {
    let isUnderAll = [.label, .attributes, .logProbability].contains(pass)
    let seconds = secondsPerRow[pass] ?? assumedSeconds * Double(isUnderAll ? conditions : 1)
    return max(1, Int(min(Double(limit), Self.secondsPerPiece / max(seconds, 1e-9))))
  }

  mutating func note(_ seconds: Double, for rows: Int, of pass: Pass) {
    let new = seconds / Double(rows)
    secondsPerRow[pass] = secondsPerRow[pass].map { max(new, ($0 + new) / 2) } ?? new
  }
}

import Synchronization

/// Who decodes when, so that small pictures do not wait for large ones that came before them: the smallest has the next
/// turn, and each fourth turn is that of whichever waits longest.
final class PictureQueue: Sendable {
  /// There are too many pixels before a picture.
  struct Full: Error, Equatable {
    /// Of the pictures that would have their turns before.
    var pixelsAhead: Int
    /// How long those are thought to take.
    var seconds: Double
  }

  private struct Waiting {
    let number: Int
    let pixels: Int
    let turn: CheckedContinuation<Void, any Error>
  }

  private struct State {
    /// In the order in which they came.
    var waiting: [Waiting] = []
    var freePlaces: Int
    var pixelsUnderWay = 0
    var numbers = 0
    var turns = 0
    /// Of the pictures that were decoded lately.
    var pixelsPerSecond = 30e6

    mutating func takeNext() -> Waiting? {
      guard freePlaces > 0, !waiting.isEmpty else { return nil }
      turns += 1
      let smallest = waiting.indices.min { waiting[$0].pixels < waiting[$1].pixels }!
      let next = waiting.remove(at: turns % PictureQueue.turnsPerOldest == 0 ? 0 : smallest)
      start(next.pixels)
      return next
    }

    mutating func start(_ pixels: Int) {
      freePlaces -= 1
      pixelsUnderWay += pixels
    }

    func pixels(before pixels: Int) -> Int {
      waiting.reduce(pixelsUnderWay) { $1.pixels <= pixels ? $0 + $1.pixels : $0 }
    }

    /// Small pictures take longer than their pixels, for their size.
    mutating func learn(_ pixels: Int, _ duration: Duration) {
      guard pixels >= 1_000_000, duration > .zero else { return }
      pixelsPerSecond = 0.8 * pixelsPerSecond + 0.2 * Double(pixels) / (duration / .seconds(1))
    }
  }

  private static let turnsPerOldest = 4

  private let places: Int
  private let limit: Int
  private let state: Mutex<State>

  /// - Parameters:
  ///   - places: pictures that are decoded at a time.
  ///   - limit: the pixels that one may have before it.
  init(places: Int, limit: Int) {
    (self.places, self.limit) = (places, limit)
    state = Mutex(State(freePlaces: places))
  }

  /// How many wait.
  var count: Int { state.withLock { $0.waiting.count } }

  /// Does `work` when it is the turn of a picture of so many pixels.
  /// - Throws: ``Full`` at once; `CancellationError` while it waits; what `work` throws.
  func turn<R>(for pixels: Int, _ work: () async throws -> R) async throws -> R {
    try await wait(pixels)
    let start = ContinuousClock.now
    defer { finish(pixels, ContinuousClock.now - start) }
    return try await work()
  }

  private func wait(_ pixels: Int) async throws {
    let number = state.withLock { state in
      state.numbers += 1
      return state.numbers
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { turn in
        let outcome = enter(Waiting(number: number, pixels: pixels, turn: turn))
        if let outcome { turn.resume(with: outcome) }
      }
    } onCancel: {
      let left = state.withLock { state in
        state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
      }
      left?.turn.resume(throwing: CancellationError())
    }
  }

  /// Nil if it has to wait.
  private func enter(_ new: Waiting) -> Result<Void, any Error>? {
    state.withLock { state in
      // One that was cancelled before it is in the list is not found there.
      guard !Task.isCancelled else { return .failure(CancellationError()) }
      if state.freePlaces > 0 {
        state.start(new.pixels)
        return .success(())
      }
      let ahead = state.pixels(before: new.pixels)
      guard ahead <= limit else {
        let seconds = Double(ahead) / state.pixelsPerSecond / Double(places)
        return .failure(Full(pixelsAhead: ahead, seconds: seconds))
      }
      state.waiting.append(new)
      return nil
    }
  }

  private func finish(_ pixels: Int, _ duration: Duration) {
    let next = state.withLock { state in
      state.freePlaces += 1
      state.pixelsUnderWay -= pixels
      state.learn(pixels, duration)
      return state.takeNext()
    }
    next?.turn.resume()
  }
}

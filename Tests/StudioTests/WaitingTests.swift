import Testing

@testable import Studio

/// Who waits for whom, and what may be held meanwhile.
@Suite struct WaitingTests {
  /// A queue whose places are taken until the test says otherwise.
  private struct HeldQueue {
    let queue: PictureQueue
    private let gate = AsyncStream.makeStream(of: Void.self)
    private let holder: Task<Void, any Error>

    init(limit: Int, pixelsUnderWay: Int) async throws {
      queue = PictureQueue(places: 1, limit: limit)
      let (started, start) = AsyncStream.makeStream(of: Void.self)
      holder = Task { [queue, gate] in
        try await queue.turn(for: pixelsUnderWay) {
          start.finish()
          for await _ in gate.stream {}
        }
      }
      for await _ in started {}
    }

    func release() async throws {
      gate.continuation.finish()
      try await holder.value
    }

    /// One that waits, when it does.
    func waiting<R: Sendable>(
      _ pixels: Int, _ work: @escaping @Sendable () async -> R
    ) async throws -> Task<R, any Error> {
      let count = queue.count
      let task = Task { [queue] in try await queue.turn(for: pixels) { await work() } }
      while queue.count == count { try await Task.sleep(for: .milliseconds(1)) }
      return task
    }
  }

  private actor Order {
    private(set) var numbers: [Int] = []
    func append(_ number: Int) { numbers.append(number) }
  }

  @Test(.timeLimit(.minutes(1))) func smallPicturesGoFirst() async throws {
    let held = try await HeldQueue(limit: 1000, pixelsUnderWay: 100)
    let order = Order()
    var tasks: [Task<Void, any Error>] = []
    for pixels in [50, 40, 10, 30, 20, 10] {
      tasks.append(try await held.waiting(pixels) { await order.append(pixels) })
    }
    try await held.release()
    for task in tasks { try await task.value }
    // The fourth is the one that waits longest.
    #expect(await order.numbers == [10, 10, 20, 50, 30, 40])
    #expect(held.queue.count == 0)
    try await held.queue.turn(for: 5) {}
  }

  @Test(.timeLimit(.minutes(1))) func oneThatWouldWaitForTooManyPixelsIsToldAtOnce() async throws {
    let held = try await HeldQueue(limit: 100, pixelsUnderWay: 60)
    var tasks = [try await held.waiting(30) {}, try await held.waiting(50) {}]
    do {
      try await held.queue.turn(for: 50) {}
      Issue.record("it did not have to wait")
    } catch let full as PictureQueue.Full { #expect(full.pixelsAhead == 140 && full.seconds > 0) }
    // Large ones that wait are not in the way of a small one.
    tasks.append(try await held.waiting(10) {})
    try await held.release()
    for task in tasks { try await task.value }
  }

  @Test(.timeLimit(.minutes(1))) func oneThatHasGoneWaitsNoLonger() async throws {
    let held = try await HeldQueue(limit: 1000, pixelsUnderWay: 1)
    let gone = try await held.waiting(1) {}
    let other = try await held.waiting(2) { true }
    gone.cancel()
    await #expect(throws: CancellationError.self) { try await gone.value }
    #expect(held.queue.count == 1)
    try await held.release()
    #expect(try await other.value)
    let late = Task { [queue = held.queue] in
      withUnsafeCurrentTask { $0?.cancel() }
      try await queue.turn(for: 1) {}
    }
    // There is a place, but nobody who wants it.
    await #expect(throws: CancellationError.self) { try await late.value }
    try await held.queue.turn(for: 1) {}
  }

  @Test func bodiesThatStallAreKnownByTheirLastSeconds() {
    var stalled = BodyPace()
    #expect((1...4).map { stalled.isTooSlow(with: 8_000_000 + $0) } == [false, false, false, false])
    // It came a second after the start; five seconds later nothing more has.
    #expect(!stalled.isTooSlow(with: 8_000_005) && stalled.isTooSlow(with: 8_000_006))
    var steady = BodyPace()
    #expect((1...60).allSatisfy { !steady.isTooSlow(with: $0 * 1000) })
    var slow = BodyPace()
    #expect((1...6).map { slow.isTooSlow(with: $0 * 999) } == [false, false, false, false, true, true])
    var pausing = BodyPace()
    #expect([0, 0, 0, 0, 5000, 5000, 5000, 5000, 9000, 10000].allSatisfy { !pausing.isTooSlow(with: $0) })
  }

  @Test func largeBodiesLeaveRoomForSmallOnes() {
    let budget = BodyBudget(limit: 16 << 20)
    func fill(_ size: Int) -> Int {
      var count = 0
      while count < 1000, budget.take(size, of: size) { count += 1 }
      return count
    }
    // Three quarters, and the start of each is not counted.
    #expect(fill(4 << 20) == 3)
    let medium = fill(512 << 10)
    #expect(medium == 9)
    // However many there are.
    #expect(fill(64 << 10) == 1000)
    #expect(!budget.take(512 << 10, of: 512 << 10))
    budget.giveBack(4 << 20)
    #expect(budget.take(512 << 10, of: 512 << 10))
    // Piece by piece as all at once.
    let pieces = BodyBudget(limit: 1 << 20)
    for total in stride(from: 1000, through: 1_000_000, by: 1000) { #expect(pieces.take(1000, of: total)) }
    pieces.giveBack(1_000_000)
    #expect(pieces.take(1 << 20, of: 1 << 20))
  }
}

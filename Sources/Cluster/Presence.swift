import Foundation
import Synchronization
import Torch

/// Tells the others, on a thread of its own, that this process is there and what it does, and finds out who is not.
///
/// Every process sets a key to its ``Beat`` at short intervals, over a connection of its own. Rank 0 watches the keys of all. The
/// first failure that anyone finds, of its own or of another, is kept under one key: so that all tell the same story.
final class Presence: Sendable {
  /// What one process says of itself.
  struct Beat: Equatable {
    var count = 0
    var phase = Phase.starting
    /// Steps of training done.
    var step = 0
    /// Times that the phase changed.
    var changes = 0

    var bytes: [UInt8] { Array("\(count),\(step),\(changes),\(phase.rawValue)".utf8) }

    init() {}

    init?(_ bytes: [UInt8]) {
      let parts = String(decoding: bytes, as: UTF8.self).split(separator: ",", maxSplits: 3)
      guard parts.count == 4, let phase = Phase(rawValue: String(parts[3])) else { return nil }
      let numbers = parts.prefix(3).compactMap { Int($0) }
      guard numbers.count == 3 else { return nil }
      (count, step, changes) = (numbers[0], numbers[1], numbers[2])
      self.phase = phase
    }
  }

  /// Which rank failed, and how.
  struct Failure: Codable {
    var rank: Int
    var sentence: String
  }

  private struct State {
    var beat = Beat()
    var failure: Failure?
    var storeIsLost = false
  }

  let members: [Member]
  let rank: Int
  private let store: KeyValueStore
  private let keeper: String
  /// Whether the store ends with this process.
  private let keepsStore: Bool
  private let prefix: String
  private let interval: Double
  private let timeout: Double
  private let state = Mutex(State())
  private let isToEnd = DispatchSemaphore(value: 0)
  private let hasEnded = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - store: a connection that nobody else waits on.
  ///   - keeper: who serves the store, in words.
  ///   - keepsStore: whether that is this process.
  ///   - timeout: after how many seconds without a sign of life a process counts as gone.
  ///   - onStuck: called on the thread when the job has failed and this process has not ended within a while.
  init(
    _ store: KeyValueStore, keeper: String, keepsStore: Bool, prefix: String, rank: Int, members: [Member],
    timeout: Double, onStuck: @escaping @Sendable (ClusterError) -> Void
  ) {
    self.store = store
    self.keeper = keeper
    self.keepsStore = keepsStore
    self.prefix = prefix
    self.rank = rank
    self.members = members
    self.timeout = timeout
    interval = min(1, timeout / 5)
    let thread = Thread { [self] in
      watch(onStuck)
      hasEnded.signal()
    }
    thread.name = "presence"
    thread.start()
  }

  func end() {
    isToEnd.signal()
    hasEnded.wait()
  }

  /// - Returns: the phase before.
  @discardableResult
  func enter(_ phase: Phase) -> Phase {
    state.withLock { state in
      defer { (state.beat.phase, state.beat.changes) = (phase, state.beat.changes + 1) }
      return state.beat.phase
    }
  }

  func count(steps: Int) { state.withLock { $0.beat.step = steps } }

  /// Keeps a failure, if it is the first of the job.
  /// - Returns: the first; nil if the store cannot be reached.
  @discardableResult
  func report(_ failure: Failure) -> Failure? {
    let kept = Self.within(seconds: 5) { [store, prefix, rank] () -> Failure? in
      guard let value = try? JSONEncoder().encode(failure),
        let kept = try? store.setIfAbsent(prefix + "failure", [UInt8](value))
      else { return nil }
      try? store.set("\(prefix)told/\(rank)", [1])
      return try? JSONDecoder().decode(Failure.self, from: Data(kept))
    }
    return kept ?? nil
  }

  /// Keeps a failure of this process, which is about to end.
  func fail(_ sentence: String) {
    report(Failure(rank: rank, sentence: sentence))
    waitUntilOthersKnow(but: rank)
  }

  /// With this process may go the keys: the others are to read first why the job failed.
  private func waitUntilOthersKnow(but failed: Int) {
    guard keepsStore else { return }
    let others = members.indices.filter { $0 != rank && $0 != failed }
    _ = Self.within(seconds: 3) { [store, prefix] in
      others.allSatisfy { (try? store.wait(for: "\(prefix)told/\($0)", timeout: 3)) != nil }
    }
  }

  /// Who made an operation of all fail, after it did.
  func explanation(of error: TorchError) -> ClusterError {
    if let known = state.withLock({ $0.failure }) {
      waitUntilOthersKnow(but: known.rank)
      return self.error(of: known)
    }
    // On a connection that is dead there is no answer at all.
    guard let answer = Self.within(seconds: 5 + 4 * interval, { [self] in findFailure() }) else { return lostStore }
    if let found = answer {
      waitUntilOthersKnow(but: found.rank)
      return self.error(of: found)
    }
    if state.withLock({ $0.storeIsLost }) { return lostStore }
    return ClusterError(
      "an operation of all \(members.count) ranks failed, and none can be named: \(error.message)",
      isElsewhere: true)
  }

  func error(of failure: Failure) -> ClusterError {
    ClusterError(failure.sentence, isElsewhere: failure.rank != rank)
  }

  private var lostStore: ClusterError {
    ClusterError(
      "\(keeper) no longer answers: it has ended, or the network between it and this host is down", isElsewhere: true)
  }

  private func findFailure() -> Failure? {
    let before = beats()
    var waited = 0.0
    // Who fails says so before it leaves; who is gone stops to beat.
    while waited < 3 * interval {
      if let failure = posted() { return failure }
      Thread.sleep(forTimeInterval: 0.05)
      waited += 0.05
    }
    let after = beats()
    guard after[rank] != nil else {
      state.withLock { $0.storeIsLost = true }
      return nil
    }
    let others = members.indices.filter { $0 != rank }
    if let silent = others.first(where: { before[$0]?.count == after[$0]?.count }) {
      return report(silence(of: silent, after[silent])) ?? silence(of: silent, after[silent])
    }
    let late = others.first { after[$0]?.phase != .waiting && before[$0]?.changes == after[$0]?.changes }
    guard let late, let beat = after[late] else { return nil }
    let failure = Failure(
      rank: late,
      sentence: "\(members[late]) holds up the others, which have waited \(seconds(timeout)) for it: it is still "
        + "\(beat.phase.rawValue) after step \(beat.step); let it be found out why, or give it longer with --rank-timeout"
    )
    return report(failure) ?? failure
  }

  private func silence(of rank: Int, _ beat: Beat?) -> Failure {
    let last = beat.map { "its last sign of life was at step \($0.step), \($0.phase.rawValue)" } ?? "it never did"
    return Failure(
      rank: rank,
      sentence: "\(members[rank]) no longer answers: \(last); it was killed, hangs, or lost its network")
  }

  private func seconds(_ time: Double) -> String { time == time.rounded() ? "\(Int(time)) s" : "\(time) s" }

  private func beats() -> [Beat?] {
    members.indices.map { (try? store.valueIfPresent("\(prefix)beat/\($0)")).flatMap { $0 }.flatMap(Beat.init) }
  }

  private func posted() -> Failure? {
    guard let value = try? store.valueIfPresent(prefix + "failure"),
      let failure = try? JSONDecoder().decode(Failure.self, from: Data(value))
    else { return nil }
    state.withLock { $0.failure = failure }
    try? store.set("\(prefix)told/\(rank)", [1])
    return failure
  }

  private func watch(_ onStuck: (ClusterError) -> Void) {
    let clock = ContinuousClock()
    var failed: ContinuousClock.Instant?
    var lastHeard = [ContinuousClock.Instant](repeating: clock.now, count: members.count)
    var last = [Beat?](repeating: nil, count: members.count)
    repeat {
      let beat = state.withLock { state in
        state.beat.count += 1
        return state.beat
      }
      do {
        try store.set("\(prefix)beat/\(rank)", beat.bytes)
        if posted() == nil, rank == 0 {
          let now = beats()
          for (member, beat) in now.enumerated() where beat != last[member] { lastHeard[member] = clock.now }
          last = now
          if let silent = members.indices.first(where: { (clock.now - lastHeard[$0]) / .seconds(1) > timeout }) {
            report(silence(of: silent, now[silent]))
          }
        }
      } catch {
        state.withLock { $0.storeIsLost = true }
      }
      let (failure, isLost) = state.withLock { ($0.failure, $0.storeIsLost) }
      if failure != nil || isLost {
        failed = failed ?? clock.now
        if let failed, (clock.now - failed) / .seconds(1) > timeout + 15 {
          onStuck(failure.map(error) ?? lostStore)
          return
        }
      }
    } while isToEnd.wait(timeout: .now() + interval) == .timedOut
  }

  /// What `body` gives, on a thread of its own; nil if it does not end within a time.
  private static func within<R: Sendable>(seconds: Double, _ body: @escaping @Sendable () -> R) -> R? {
    let (found, done) = (Found<R>(), DispatchSemaphore(value: 0))
    Thread {
      let value = body()
      found.value.withLock { $0 = value }
      done.signal()
    }.start()
    return done.wait(timeout: .now() + seconds) == .success ? found.value.withLock { $0 } : nil
  }
}

private final class Found<R: Sendable>: Sendable {
  let value = Mutex<R?>(nil)
}

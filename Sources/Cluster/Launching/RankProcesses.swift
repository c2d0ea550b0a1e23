import Foundation
import Synchronization

/// The ranks of a job that run on this host.
final class RankProcesses: Sendable {
  /// How they ended.
  struct End {
    var status: Int32 = 0
    /// In words; nil if all ended well, or all were stopped on request.
    var failure: String?
    /// Ranks that failed by themselves.
    var culprits = 0
    /// Whether another try may end otherwise: not where every rank refused to begin.
    var canBeTriedAgain = false
  }

  private struct Rank {
    var place: RankEnvironment
    var process: Process
    var last: LastLines
    /// 128 and the signal's number for one that was killed.
    var status: Int32?
    /// How many had ended before it.
    var order = 0
    var isKilledByUs = false
  }

  private let ranks: Mutex<[Rank]>
  private let ended = DispatchSemaphore(value: 0)
  private let grace: Double
  private let readers = DispatchGroup()

  /// Starts them all.
  init(
    _ executable: URL, _ arguments: [String], _ places: [RankEnvironment], grace: Double,
    print: @escaping @Sendable (_ line: String, _ isError: Bool) -> Void
  ) throws {
    self.grace = grace
    ranks = Mutex([])
    for place in places {
      let process = Process()
      process.executableURL = executable
      process.arguments = arguments
      process.environment = Self.environment(of: place)
      process.standardInput = FileHandle.nullDevice
      let last = LastLines()
      let label = "[\(place.rank)] "
      process.standardOutput = lines { print(label + $0, false) }
      process.standardError = lines {
        last.add($0)
        print(label + $0, true)
      }
      process.terminationHandler = { [weak self] process in
        self?.note(place.rank, process)
      }
      do { try process.run() } catch {
        send(SIGKILL)
        throw ClusterError("cannot start \(executable.path): \(error.localizedDescription)")
      }
      ranks.withLock { $0.append(Rank(place: place, process: process, last: last)) }
      // One that ended before it was on the list.
      if !process.isRunning { note(place.rank, process) }
    }
  }

  func send(_ number: Int32) {
    ranks.withLock { for rank in $0 where rank.status == nil { kill(rank.process.processIdentifier, number) } }
  }

  /// Waits until all have ended. After one has failed the others are given a while, told to end, and killed.
  func waitForAll() -> End {
    var failed = false
    var deadline = DispatchTime.distantFuture
    var sent: Int32 = 0
    while true {
      let statuses = ranks.withLock { $0.map(\.status) }
      if statuses.allSatisfy({ $0 != nil }) { break }
      if !failed, statuses.contains(where: { $0 != nil && $0 != 0 && $0 != Self.stopped }) {
        failed = true
        deadline = .now() + grace
      }
      guard ended.wait(timeout: deadline) == .timedOut else { continue }
      sent = sent == 0 ? SIGTERM : SIGKILL
      if sent == SIGKILL {
        ranks.withLock { for index in $0.indices where $0[index].status == nil { $0[index].isKilledByUs = true } }
      }
      send(sent)
      deadline = .now() + grace
    }
    readers.wait()
    return end()
  }

  /// What a rank ends with that was stopped on request and saved.
  static let stopped: Int32 = 130
  /// What a rank ends with because another one failed.
  static let otherFailed: Int32 = 5

  private func end() -> End {
    let ranks = ranks.withLock { $0.sorted { $0.order < $1.order } }
    let failed = ranks.filter { $0.status != 0 && $0.status != Self.stopped }
    guard let first = failed.first else { return End(status: ranks.contains { $0.status != 0 } ? Self.stopped : 0) }
    let culprits = failed.filter { $0.status != Self.otherFailed || $0.isKilledByUs }
    // A rank that had to be killed is what the others waited for; one of them says so.
    let root = culprits.first { !$0.isKilledByUs } ?? failed.first { !$0.isKilledByUs } ?? first
    let status = root.status!
    let all = failed.count == ranks.count && failed.allSatisfy { $0.status == status && status < 128 }
    return End(
      status: status, failure: Self.sentence(root), culprits: max(1, culprits.count),
      canBeTriedAgain: !(all && status != Self.otherFailed) && ![3, 64].contains(status))
  }

  private static func sentence(_ rank: Rank) -> String {
    let status = rank.status!
    let how =
      switch status - 128 {
      case SIGKILL: "was killed (signal 9: by someone, or by the system when memory ran out)"
      case 1...: "was ended by signal \(status - 128)"
      default: "ended with status \(status)"
      }
    return "rank \(rank.place.rank) \(how)" + (rank.last.error.map { ": \($0)" } ?? "")
  }

  private func note(_ number: Int, _ process: Process) {
    let status =
      process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    let isNew = ranks.withLock { ranks in
      guard let index = ranks.firstIndex(where: { $0.place.rank == number }), ranks[index].status == nil else {
        return false
      }
      ranks[index].order = ranks.count { $0.status != nil }
      ranks[index].status = status
      return true
    }
    if isNew { ended.signal() }
  }

  private static func environment(of place: RankEnvironment) -> [String: String] {
    var variables = ProcessInfo.processInfo.environment.merging(place.variables) { $1 }
    if variables["OMP_NUM_THREADS"] == nil {
      variables["OMP_NUM_THREADS"] = "\(max(1, ProcessInfo.processInfo.activeProcessorCount / place.localSize))"
    }
    return variables
  }

  /// A pipe whose lines, also a last one without an end, go to `take`.
  private func lines(_ take: @escaping @Sendable (String) -> Void) -> Pipe {
    let pipe = Pipe()
    readers.enter()
    let thread = Thread { [readers] in
      var rest: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(pipe.fileHandleForReading.fileDescriptor, &buffer, buffer.count), count > 0 {
        rest += buffer[..<count]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          take(String(decoding: rest[..<end], as: UTF8.self))
          rest.removeSubrange(...end)
        }
      }
      if !rest.isEmpty { take(String(decoding: rest, as: UTF8.self)) }
      readers.leave()
    }
    thread.start()
    return pipe
  }
}

/// The last lines that a rank wrote to standard error.
private final class LastLines: Sendable {
  private let lines = Mutex<[String]>([])

  func add(_ line: String) {
    lines.withLock {
      $0.append(line)
      if $0.count > 20 { $0.removeFirst() }
    }
  }

  /// What it says is wrong.
  var error: String? {
    lines.withLock { lines in
      lines.last { $0.hasPrefix("Error: ") }.map { String($0.dropFirst("Error: ".count)) }
        ?? lines.last { $0.contains("Fatal error") || $0.contains("what():") }
    }
  }
}

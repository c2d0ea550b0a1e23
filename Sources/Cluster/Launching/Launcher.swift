import Foundation
import Synchronization
import Torch

/// Starts the ranks of a job on this host, labels what they print, and ends them all when one fails.
///
/// ```swift
/// var options = Launcher.Options()
/// options.processes = 4
/// let launcher = Launcher(URL(filePath: ".build/release/glow"), ["resume", "runs/four"], options) {
///   line, isError in print(line)
/// }
/// print(try launcher.run().status)
/// ```
public final class Launcher: Sendable {
  /// How many processes a job has, on which hosts, and what comes of a failure.
  public struct Options: Sendable {
    /// Ranks on this host.
    public var processes = 1
    /// How many times to start the job again after a failure.
    public var restarts = 0
    /// Whether to start it again without the ranks that failed, down to `leastProcesses`.
    public var isElastic = false
    /// The fewest ranks on this host with which an elastic job starts again.
    public var leastProcesses = 1
    /// Hosts of the job, each with a launcher of its own, and which of them this is.
    public var hosts = 1
    /// The number of this host, from 0.
    public var host = 0
    /// The address of host 0, whose launcher keeps the job's keys; nil for a job of this host alone.
    public var master: (address: String, port: Int)?
    /// Seconds that ranks have to end by themselves after one has failed, and again after they are told to.
    public var grace = 10.0

    /// One rank, on this host, which is not started again.
    public init() {}
  }

  /// How a job ended.
  public struct Outcome: Sendable, Equatable {
    /// For the launcher to end with.
    public var status: Int32
    /// Which rank failed and what it said last; nil if none did.
    public var failure: String?
  }

  private let executable: URL
  private let arguments: [String]
  private let options: Options
  private let print: @Sendable (_ line: String, _ isError: Bool) -> Void
  private let running = Mutex<RankProcesses?>(nil)
  private let isStopped = Atomic<Bool>(false)

  /// - Parameters:
  ///   - arguments: of the program that each rank runs; the first names a command.
  ///   - print: gets every line that a rank prints, with its label, and what the launcher says itself.
  public init(
    _ executable: URL, _ arguments: [String], _ options: Options,
    print: @escaping @Sendable (_ line: String, _ isError: Bool) -> Void
  ) {
    precondition(options.processes > 0 && options.hosts > 0, "a job has processes")
    self.executable = executable
    self.arguments = arguments
    self.options = options
    self.print = print
  }

  /// Forwards a signal to all ranks; a job that is stopped so is not started again.
  public func forward(signal number: Int32) {
    isStopped.store(true, ordering: .relaxed)
    running.withLock { $0?.send(number) }
  }

  /// Runs the job to its end.
  /// - Throws: ``ClusterError`` if it cannot be started.
  public func run() throws -> Outcome {
    let store = try serveKeys()
    var processes = options.processes
    for attempt in 0... {
      let ranks = try start(processes, attempt: attempt, port: store?.port)
      running.withLock { $0 = ranks }
      if isStopped.load(ordering: .relaxed) { ranks.send(SIGTERM) }
      let end = ranks.waitForAll()
      running.withLock { $0 = nil }
      guard let failure = end.failure else { return Outcome(status: end.status) }
      let isStopped = isStopped.load(ordering: .relaxed)
      guard attempt < options.restarts, end.canBeTriedAgain, !isStopped else {
        return Outcome(status: end.status, failure: failure)
      }
      if options.isElastic { processes = max(options.leastProcesses, processes - end.culprits) }
      print("\(failure)", true)
      print("Starting again with \(processes) processes (\(attempt + 1) of at most \(options.restarts) times).", true)
    }
    preconditionFailure("the loop has no end")
  }

  private func serveKeys() throws -> KeyValueStore? {
    guard options.host == 0 else { return nil }
    let (address, port) = options.master ?? (KeyValueStore.loopback, 0)
    do { return try KeyValueStore(host: address, port: port, serves: true, timeout: 60) } catch let error as TorchError
    {
      throw ClusterError("cannot keep the job's keys at \(address):\(port): \(error.message)")
    }
  }

  private func start(_ processes: Int, attempt: Int, port: Int?) throws -> RankProcesses {
    var arguments = arguments
    // What was begun is gone on with.
    if attempt > 0, arguments.first == "train", !arguments.contains(where: { ["--continue", "--resume"].contains($0) })
    {
      arguments.insert("--continue", at: 1)
    }
    let (address, masterPort) = options.master ?? (KeyValueStore.loopback, port!)
    let places = (0..<processes).map { local in
      RankEnvironment(
        rank: options.host * processes + local, size: options.hosts * processes, localRank: local,
        localSize: processes, masterAddress: address, masterPort: masterPort, launcherServes: true, attempt: attempt)
    }
    return try RankProcesses(executable, arguments, places, grace: options.grace, print: print)
  }
}

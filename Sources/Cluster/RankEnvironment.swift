import Foundation

/// The place of this process in a job of several, as its launcher says it in environment variables.
public struct RankEnvironment: Sendable, Equatable {
  /// The number of this process, from 0.
  public var rank: Int
  /// Processes of the job.
  public var size: Int
  /// Among those on this host, from 0.
  public var localRank: Int
  /// Processes of the job on this host.
  public var localSize: Int
  /// Where the job's key-value store is: rank 0's host, or the launcher's.
  public var masterAddress: String
  /// The TCP port of that store.
  public var masterPort: Int
  /// Whether the launcher keeps the store; otherwise rank 0 does.
  public var launcherServes = false
  /// How many times the launcher has started the job anew.
  public var attempt = 0

  /// Reads the variables of torchrun (`RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `LOCAL_WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT`),
  /// which many launchers set; without them those of a Slurm step, or of OpenMPI's mpirun. A step or an mpirun of one process
  /// is none.
  /// - Returns: nil for a process by itself.
  /// - Throws: ``ClusterError`` naming the variable that is missing or makes no sense.
  public init?(_ variables: [String: String]) throws {
    let variables = Variables(variables)
    if variables.has("RANK") || variables.has("WORLD_SIZE") {
      try self.init(torchrun: variables)
    } else if try variables.number("SLURM_STEP_NUM_TASKS") ?? 1 > 1, variables.has("SLURM_PROCID") {
      try self.init(slurm: variables)
    } else if try variables.number("OMPI_COMM_WORLD_SIZE") ?? 1 > 1 {
      try self.init(openMPI: variables)
    } else {
      return nil
    }
    guard rank < size else {
      throw ClusterError("this process is rank \(rank) of \(size): ranks are 0 to \(size - 1)")
    }
  }

  /// For a launcher of your own; nothing is checked.
  public init(
    rank: Int, size: Int, localRank: Int, localSize: Int, masterAddress: String, masterPort: Int,
    launcherServes: Bool = false, attempt: Int = 0
  ) {
    self.rank = rank
    self.size = size
    self.localRank = localRank
    self.localSize = localSize
    self.masterAddress = masterAddress
    self.masterPort = masterPort
    self.launcherServes = launcherServes
    self.attempt = attempt
  }

  /// The variables that ``init(_:)`` reads.
  public var variables: [String: String] {
    [
      "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "LOCAL_RANK": "\(localRank)", "LOCAL_WORLD_SIZE": "\(localSize)",
      "MASTER_ADDR": masterAddress, "MASTER_PORT": "\(masterPort)",
      Self.launcherServesName: launcherServes ? "True" : "False", Self.attemptName: "\(attempt)",
    ]
  }

  private static let launcherServesName = "TORCHELASTIC_USE_AGENT_STORE"
  private static let attemptName = "TORCHELASTIC_RESTART_COUNT"

  private init(torchrun variables: Variables) throws {
    let size = try variables.required("WORLD_SIZE", beside: "RANK", from: 1)
    let rank = try variables.required("RANK", beside: "WORLD_SIZE")
    let address = try variables.text("MASTER_ADDR") ?? variables.missing("MASTER_ADDR", beside: "RANK")
    let port = try variables.required("MASTER_PORT", beside: "MASTER_ADDR", from: 1, to: 65535)
    self.init(
      rank: rank, size: size, localRank: try variables.number("LOCAL_RANK") ?? 0,
      localSize: try variables.number("LOCAL_WORLD_SIZE", from: 1) ?? 1, masterAddress: address, masterPort: port,
      launcherServes: variables.text(Self.launcherServesName) == "True",
      attempt: try variables.number(Self.attemptName) ?? 0)
  }

  private init(slurm variables: Variables) throws {
    let list = variables.text("SLURM_STEP_NODELIST") ?? ""
    guard let address = variables.text("MASTER_ADDR") ?? SlurmNodeList.first(of: list) else {
      throw ClusterError("SLURM_STEP_NODELIST is \"\(list)\", expected a list of nodes; or set MASTER_ADDR")
    }
    // Of jobs and steps on the same nodes, each has its own.
    let (job, step) = (try variables.number("SLURM_JOB_ID") ?? 0, try variables.number("SLURM_STEP_ID") ?? 0)
    let tasks = variables.text("SLURM_STEP_TASKS_PER_NODE") ?? ""
    let node = try variables.number("SLURM_NODEID") ?? 0
    self.init(
      rank: try variables.required("SLURM_PROCID", beside: "SLURM_STEP_NUM_TASKS"),
      size: try variables.required("SLURM_STEP_NUM_TASKS", beside: "SLURM_PROCID", from: 1),
      localRank: try variables.number("SLURM_LOCALID") ?? 0,
      localSize: SlurmNodeList.counts(of: tasks).dropFirst(node).first ?? 1, masterAddress: address,
      masterPort: try variables.number("MASTER_PORT", from: 1, to: 65535) ?? Self.port(of: job &* 31 &+ step),
      attempt: try variables.number("SLURM_RESTART_COUNT") ?? 0)
  }

  private init(openMPI variables: Variables) throws {
    let size = try variables.required("OMPI_COMM_WORLD_SIZE", beside: "OMPI_COMM_WORLD_RANK", from: 1)
    let localSize = try variables.number("OMPI_COMM_WORLD_LOCAL_SIZE", from: 1) ?? 1
    guard let address = variables.text("MASTER_ADDR") ?? (localSize == size ? "127.0.0.1" : nil) else {
      throw ClusterError(
        "the job has processes on several hosts, and mpirun does not say where rank 0 is: set MASTER_ADDR to that host "
          + "(mpirun -x MASTER_ADDR=host ...)")
    }
    let name = variables.text("PMIX_NAMESPACE") ?? variables.text("OMPI_MCA_ess_base_jobid") ?? ""
    self.init(
      rank: try variables.required("OMPI_COMM_WORLD_RANK", beside: "OMPI_COMM_WORLD_SIZE"), size: size,
      localRank: try variables.number("OMPI_COMM_WORLD_LOCAL_RANK") ?? 0, localSize: localSize, masterAddress: address,
      masterPort: try variables.number("MASTER_PORT", from: 1, to: 65535)
        ?? Self.port(of: name.utf8.reduce(5381) { $0 &* 33 &+ Int($1) }))
  }

  /// A port that all processes of a job find by themselves, below those that systems give to outgoing connections.
  private static func port(of job: Int) -> Int { 20000 + Int(UInt(bitPattern: job) % 10000) }
}

/// Environment variables that hold numbers.
private struct Variables {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  func text(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  func has(_ name: String) -> Bool { text(name) != nil }

  func number(_ name: String, from least: Int = 0, to most: Int = Int(UInt32.max)) throws -> Int? {
    guard let text = text(name) else { return nil }
    guard let number = Int(text), (least...most).contains(number) else {
      throw ClusterError("the environment variable \(name) is \"\(text)\", expected \(least) to \(most)")
    }
    return number
  }

  func required(
    _ name: String, beside other: String, from least: Int = 0, to most: Int = Int(UInt32.max)
  ) throws -> Int {
    try number(name, from: least, to: most) ?? missing(name, beside: other)
  }

  func missing<R>(_ name: String, beside other: String) throws -> R {
    throw ClusterError(
      "the environment variable \(other) is set and \(name) is not: set all that a launcher sets, or none")
  }
}

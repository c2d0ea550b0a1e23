import Foundation
import Torch

/// How ranks find each other: each leaves its name in the store, rank 0 collects all and leaves the list.
struct Meeting {
  private let store: KeyValueStore
  private let environment: RankEnvironment
  private let prefix: String
  private let timeout: Double

  private var rank: Int { environment.rank }

  init(_ store: KeyValueStore, _ environment: RankEnvironment, prefix: String, timeout: Double) {
    self.store = store
    self.environment = environment
    self.prefix = prefix
    self.timeout = timeout
  }

  /// What rank 0 leaves: the list, or why there is none.
  private struct Outcome: Codable {
    var members: [Member]
    var problem: String?
  }

  /// - Returns: all ranks, and how this one is reached.
  /// - Throws: ``ClusterError``.
  func meet() throws -> ([Member], ProcessGroup.Endpoint) {
    let interface = HostAddress.namedInterface
    let route =
      interface == nil ? HostAddress.route(to: environment.masterAddress, port: environment.masterPort) : nil
    let own = Member(
      rank: rank, size: environment.size, host: HostAddress.hostName,
      process: ProcessInfo.processInfo.processIdentifier,
      address: route?.own ?? (interface == nil ? "127.0.0.1" : nil), masterAddress: route?.peer)
    let outcome: Outcome
    do {
      try introduce(own)
      if rank == 0 { try leave(collect()) }
      outcome = try JSONDecoder().decode(Outcome.self, from: Data(awaited("members", of: "the list of all ranks")))
    } catch let error as TorchError {
      throw ClusterError("the job's store at \(place) does not answer: \(error.message)")
    }
    if let problem = outcome.problem {
      try? part(with: outcome.members)
      throw ClusterError(problem)
    }
    guard outcome.members.count == environment.size else {
      throw ClusterError(
        "\(own) was told of \(environment.size) ranks and rank 0 on \(outcome.members[0].host) of "
          + "\(outcome.members.count): start all with the same WORLD_SIZE")
    }
    let endpoint = interface.map { ProcessGroup.Endpoint.interface($0) } ?? .address(outcome.members[rank].address!)
    return (outcome.members, endpoint)
  }

  /// Rank 0, with which the store may end, stays until the others have read why.
  private func part(with others: [Member]) throws {
    guard rank == 0 else { return try store.set("\(prefix)told/\(rank)", [1]) }
    let deadline = Date.now + 3
    for other in others where other.rank != 0 { _ = try value(of: "told/\(other.rank)", until: deadline) }
  }

  private var place: String { "\(environment.masterAddress):\(environment.masterPort)" }

  private func introduce(_ own: Member) throws {
    let value = [UInt8](try JSONEncoder().encode(own))
    let first = try JSONDecoder().decode(
      Member.self, from: Data(store.setIfAbsent("\(prefix)member/\(rank)", value)))
    guard first == own else {
      throw ClusterError(
        "two processes say that they are rank \(rank): process \(first.process) on \(first.host) and process "
          + "\(own.process) on \(own.host); each needs a RANK of its own, and each job a MASTER_PORT of its own")
    }
  }

  private func collect() throws -> Outcome {
    var members: [Member] = []
    let deadline = Date.now + timeout
    for number in 0..<environment.size {
      guard let value = try value(of: "member/\(number)", until: deadline) else { continue }
      members.append(try JSONDecoder().decode(Member.self, from: Data(value)))
    }
    let missing = Set(0..<environment.size).subtracting(members.map(\.rank)).sorted()
    guard missing.isEmpty else {
      let names = missing.prefix(8).map(String.init).joined(separator: ", ") + (missing.count > 8 ? ", ..." : "")
      return Outcome(
        members: members,
        problem: "\(missing.count == 1 ? "rank" : "ranks") \(names) did not arrive within \(Int(timeout)) s; "
          + "\(members.count) of \(environment.size) did")
    }
    if let other = members.first(where: { $0.size != environment.size }) {
      return Outcome(
        members: members,
        problem:
          "\(other) was told of \(other.size) ranks and rank 0 on \(members[0].host) of \(environment.size): start "
          + "all with the same WORLD_SIZE")
    }
    return reachable(members)
  }

  /// Replaces addresses that only their own host knows: Debian, for one, lets a host's own name lead to 127.0.1.1.
  private func reachable(_ members: [Member]) -> Outcome {
    let isLocal = members.map { $0.address.map(HostAddress.isLoopback) ?? false }
    guard isLocal.contains(false) || Set(members.map(\.host)).count > 1 else { return Outcome(members: members) }
    var members = members
    let outside = members.compactMap(\.masterAddress).first { !HostAddress.isLoopback($0) }
    for number in members.indices where isLocal[number] {
      guard let outside, members[number].host == members[0].host, HostAddress.isOwn(outside) else {
        return Outcome(
          members: members,
          problem: "\(members[number]) can be reached at \(members[number].address ?? "") by its own host alone: set "
            + "MASTER_ADDR to an address that all hosts know, or GLOO_SOCKET_IFNAME to the interface between them")
      }
      members[number].address = outside
    }
    return Outcome(members: members)
  }

  private func leave(_ outcome: Outcome) throws {
    try store.set(prefix + "members", [UInt8](JSONEncoder().encode(outcome)))
  }

  private func awaited(_ key: String, of what: String) throws -> [UInt8] {
    // Rank 0 itself waits so long for the last.
    guard let value = try value(of: key, until: Date.now + timeout + 5) else {
      throw ClusterError("rank 0 at \(place) did not give \(what) within \(Int(timeout)) s: it has ended or hangs")
    }
    return value
  }

  /// Asks again and again, more and more seldom.
  private func value(of key: String, until deadline: Date) throws -> [UInt8]? {
    var pause = 0.005
    while true {
      if let value = try store.valueIfPresent(prefix + key) { return value }
      if Date.now >= deadline { return nil }
      Thread.sleep(forTimeInterval: pause)
      pause = min(0.2, pause * 1.5)
    }
  }
}

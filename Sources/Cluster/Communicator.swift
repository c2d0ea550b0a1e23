import Foundation
import Synchronization
import Torch

/// The processes ("ranks") of one job, as one of them sees them: c10d's collectives, and who failed when one does.
///
/// All ranks call the same methods in the same order. It belongs to one thread.
///
/// ```swift
/// if let environment = try RankEnvironment(ProcessInfo.processInfo.environment) {
///   let job = try Communicator.join(environment)
///   print("rank \(job.rank) of \(job.size):", try job.sum([1])[0])
///   try job.leave()
/// }
/// ```
public final class Communicator {
  /// The number of this process, from 0.
  public let rank: Int
  /// Processes of the job.
  public var size: Int { members.count }
  /// Every process of the job, by its rank.
  public let members: [Member]
  /// Whether this rank writes the files and speaks for all.
  public var isLeader: Bool { rank == 0 }
  /// Seconds after which the others give up waiting for a rank.
  public let timeout: Double
  private let store: KeyValueStore
  private let group: ProcessGroup
  private let deviceGroup: ProcessGroup?
  private let presence: Presence
  private let clock = ContinuousClock()
  /// Seconds that this rank has waited for collectives.
  public private(set) var secondsWaiting = 0.0
  /// Bytes of the tensors that this rank gave to collectives.
  public private(set) var bytesReduced = 0
  private var step = 0

  init(
    rank: Int, members: [Member], store: KeyValueStore, group: ProcessGroup, deviceGroup: ProcessGroup?,
    presence: Presence, timeout: Double
  ) {
    self.rank = rank
    self.members = members
    self.store = store
    self.group = group
    self.deviceGroup = deviceGroup
    self.presence = presence
    self.timeout = timeout
  }

  /// How many of `count` things in a row are this rank's, as a range of them; the ranks' parts differ by one at most.
  public func part(of count: Int) -> Range<Int> { count * rank / size..<count * (rank + 1) / size }

  /// Says to the others what this rank does now.
  public func enter(_ phase: Phase) { presence.enter(phase) }

  /// Says to the others how many steps of training this rank has done.
  public func count(steps: Int) { presence.count(steps: steps) }

  /// Says to the others that this rank ends, and why: call it once, before the process ends.
  public func fail(_ sentence: String) {
    let name = "\(members[rank])"
    presence.fail(sentence.hasPrefix(name) ? sentence : "\(name): \(sentence)")
  }

  /// Waits for all ranks, and parts with them.
  public func leave() throws {
    _ = try sum([0])
    presence.end()
  }

  // MARK: Tensors

  /// Begins to put the sum of all ranks' tensors in the place of each; it is there after ``wait(_:)``.
  /// - Parameter tensor: contiguous, of the same shape and type on all ranks.
  /// - Throws: ``ClusterError`` naming the rank that is gone.
  public func startSum(_ tensor: Tensor) throws -> Collective {
    bytesReduced += tensor.byteCount
    return try explaining { try group(for: tensor).allReduce(tensor) }
  }

  /// - Throws: ``ClusterError`` naming the rank that is gone, or did not join in within the timeout.
  public func wait(_ collective: Collective) throws {
    let start = clock.now
    let phase = presence.enter(.waiting)
    try explaining(collective.wait)
    presence.enter(phase)
    secondsWaiting += (clock.now - start) / .seconds(1)
  }

  /// Puts rank 0's tensors in the place of everybody's.
  /// - Throws: ``ClusterError``.
  public func broadcast(_ tensors: [Tensor]) throws {
    for tensor in tensors {
      bytesReduced += tensor.byteCount
      try wait(explaining { try group(for: tensor).broadcast(tensor) })
    }
  }

  private func group(for tensor: Tensor) -> ProcessGroup { tensor.device == .cpu ? group : deviceGroup ?? group }

  private func explaining<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as TorchError { throw presence.explanation(of: error) }
  }

  // MARK: Values

  /// The elementwise sum of all ranks' values.
  public func sum(_ values: [Double]) throws -> [Double] {
    let tensor = try Tensor(values)
    try wait(startSum(tensor))
    return try tensor.elements(Double.self)
  }

  /// What each rank gave, by rank.
  public func gather<Value: Codable>(_ value: Value) throws -> [Value] {
    let own = [UInt8](try JSONEncoder().encode(value))
    var lengths = [Double](repeating: 0, count: size)
    lengths[rank] = Double(own.count)
    let counts = try sum(lengths).map { Int($0) }
    var bytes = [UInt8](repeating: 0, count: counts.reduce(0, +))
    let start = counts[..<rank].reduce(0, +)
    bytes.replaceSubrange(start..<start + own.count, with: own)
    let tensor = try Tensor(bytes)
    try wait(startSum(tensor))
    let all = try tensor.elements(UInt8.self)
    var end = 0
    return try counts.map { count in
      end += count
      return try JSONDecoder().decode(Value.self, from: Data(all[end - count..<end]))
    }
  }

  /// What rank 0 gave.
  /// - Parameter value: read on rank 0 alone.
  public func share<Value: Codable>(_ value: @autoclosure () throws -> Value) throws -> Value {
    try exchange(isLeader ? value() : nil)
  }

  /// What rank 0 shares, on another rank.
  public func receive<Value: Codable>(_ type: Value.Type = Value.self) throws -> Value {
    precondition(!isLeader, "rank 0 receives from nobody")
    return try exchange(nil)
  }

  private func exchange<Value: Codable>(_ value: Value?) throws -> Value {
    let own = try value.map { [UInt8](try JSONEncoder().encode($0)) } ?? []
    let count = Int(try sum([Double(own.count)])[0])
    let tensor = try Tensor(isLeader ? own : [UInt8](repeating: 0, count: count))
    try broadcast([tensor])
    return try JSONDecoder().decode(Value.self, from: Data(tensor.elements(UInt8.self)))
  }

  /// Makes sure that all ranks have the same settings.
  /// - Throws: ``ClusterError`` naming the first that differs from rank 0's, with both values.
  public func requireSame(_ settings: some Encodable) throws {
    let own = try SettingsTable(settings)
    let leaders = try share(own)
    if let difference = own.difference(from: leaders) {
      throw ClusterError(
        "\(members[rank]) has \(difference.name) \(difference.own) and rank 0 on \(members[0].host) has "
          + "\(difference.other): start all ranks with the same settings and images")
    }
    // Nobody goes on before all have compared.
    _ = try sum([0])
  }
}

import Cluster
import Files
import Flows
import Foundation
import Logging
import Runs
import Torch

/// The processes that train together, of which a process by itself is the simplest case.
final class Ranks {
  let communicator: Communicator?
  private let reducer: GradientReducer?

  init(_ communicator: Communicator?, _ parameters: ParameterVector, _ configuration: TrainingConfiguration) throws {
    self.communicator = communicator
    reducer = communicator.map {
      GradientReducer(parameters, $0, bucketBytes: configuration.bucketBytes, wire: configuration.wire ?? .float32)
    }
  }

  var rank: Int { communicator?.rank ?? 0 }
  var count: Int { communicator?.size ?? 1 }
  /// Whether this rank writes the run's files.
  var isLeader: Bool { communicator?.isLeader ?? true }

  /// This rank's of the images of a whole batch.
  func part(of batch: Int) -> Range<Int> { communicator?.part(of: batch) ?? 0..<batch }

  /// The most images of a whole batch that any rank has.
  func largestPart(of batch: Int) -> Int { (batch + count - 1) / count }

  func enter(_ phase: Phase) { communicator?.enter(phase) }
  func count(steps: Int) { communicator?.count(steps: steps) }

  /// Bytes for kept activations: what the rank with the least memory can give, of which those on one host have a part each.
  func leastBudget(on device: Device) throws -> Int {
    let own = MemoryPolicy.defaultBudget(on: device)
    guard let communicator else { return own }
    let neighbors = communicator.members.count { $0.host == communicator.members[communicator.rank].host }
    return try communicator.gather(own / neighbors).min()!
  }

  // MARK: Gradients

  /// For the backward pass that is the last of a step: sends gradients off as they are done.
  var onFinal: ((Int) throws -> Void)? { reducer?.finish }

  /// Waits until the gradients are those of all ranks.
  func waitForGradients() throws { try reducer?.wait() }

  /// The sum of all ranks' tensors.
  func sum(_ tensor: Tensor) throws -> Tensor {
    guard let communicator else { return tensor }
    try communicator.wait(communicator.startSum(tensor))
    return tensor
  }

  func sum(_ values: [Double]) throws -> [Double] { try communicator?.sum(values) ?? values }

  /// Averages what each rank noted of its own images, such as the statistics of batch normalizations.
  func average(_ buffers: [Buffer]) throws {
    guard let communicator else { return }
    for buffer in buffers where buffer.value.dtype.isFloatingPoint {
      try communicator.wait(communicator.startSum(buffer.value))
      try buffer.value.multiplyInPlace(1 / Double(count))
    }
  }

  // MARK: Agreement

  /// What rank 0 computes.
  func share<Value: Codable>(_ value: @autoclosure () throws -> Value) throws -> Value {
    try communicator?.share(value()) ?? value()
  }

  func gather<Value: Codable>(_ value: Value) throws -> [Value] { try communicator?.gather(value) ?? [value] }

  /// Puts rank 0's tensors in the place of everybody's.
  func broadcast(_ tensors: [Tensor]) throws { try communicator?.broadcast(tensors) }

  /// Runs `body` on all ranks. Where it is interrupted, or diverges, on one, it does so on all.
  func together<R>(_ body: () throws -> R) throws -> R {
    guard communicator != nil else { return try body() }
    var halt: (any Error)?
    var result: R?
    do { result = try body() } catch let error where error is Interruption || error is Divergence || error is TorchError
    {
      halt = error
    }
    let interrupted = halt is Interruption ? 1.0 : 0
    let counts = try sum([interrupted, halt == nil ? 0 : 1 - interrupted])
    if let halt { throw halt }
    if counts[1] > 0 { throw Divergence.elsewhere }
    if counts[0] > 0 { throw Interruption() }
    return result!
  }

  // MARK: Times

  private let clock = ContinuousClock()
  private lazy var times = (start: clock.now, waiting: communicator?.secondsWaiting ?? 0, bytes: 0)
  /// Which rank was slow in how many lines in a row, and which were named.
  private var slow = (rank: -1, lines: 0)
  private var named: Set<Int> = []

  /// Starts to measure a line of metrics.
  func startLine() {
    guard let communicator else { return }
    times = (clock.now, communicator.secondsWaiting, communicator.bytesReduced)
  }

  /// Says in a line of metrics how many train and how long they wait for each other, and in the log who holds the others up.
  func noteTimes(_ metrics: inout Metrics, steps: Int, _ logger: Logger) throws {
    guard let communicator else { return }
    let seconds = max(1e-9, (clock.now - times.start) / .seconds(1))
    let waiting = communicator.secondsWaiting - times.waiting
    metrics.ranks = count
    metrics.waitingShare = waiting / seconds
    metrics.bytesReducedPerStep = (communicator.bytesReduced - times.bytes) / max(1, steps)
    var busy = [Double](repeating: 0, count: count)
    busy[rank] = (seconds - waiting) / Double(max(1, steps))
    let all = try communicator.sum(busy)
    let median = all.sorted()[(count - 1) / 2]
    let slowest = all.indices.max { all[$0] < all[$1] }!
    guard isLeader, steps >= 20 else { return }
    let isSlow = all[slowest] > 1.5 * median
    slow = (slowest, isSlow ? (slow.rank == slowest ? slow.lines : 0) + 1 : 0)
    // One line may be chance, such as other work on a host.
    guard slow.lines == 3, named.insert(slowest).inserted else { return }
    logger.warning(
      """
      \(communicator.members[slowest]) is slow: a step takes it \(Self.milliseconds(all[slowest])), others \
      \(Self.milliseconds(median)); all wait for it
      """,
      metadata: ["images": .stringConvertible(metrics.images)])
  }

  private static func milliseconds(_ seconds: Double) -> String { String(format: "%.1f ms", seconds * 1000) }

  /// Makes sure that all ranks still have the same weights, to the bit.
  /// - Throws: `TrainingError` naming the rank whose weights differ.
  func requireSame(_ values: Tensor) throws {
    guard let communicator else { return }
    var checksum = CRC32C()
    var bytes = [UInt8](repeating: 0, count: values.byteCount)
    try bytes.withUnsafeMutableBytes { try values.copyBytes(to: $0) }
    bytes.withUnsafeBytes { checksum.update($0) }
    let all = try communicator.gather(checksum.value)
    guard let other = all.indices.first(where: { all[$0] != all[0] }) else { return }
    throw TrainingError(
      "the weights of \(communicator.members[other]) are no longer those of rank 0 on \(communicator.members[0].host): do "
        + "the hosts have unlike processors, or unlike libtorch? Use hosts of one kind, and go on from the last checkpoint"
    )
  }
}

/// That someone asked for a validation to be broken off.
struct Interruption: Error {}

import Foundation
import Safetensors
import Synchronization

/// The shards of a split, of which so many are open at a time: one that was not asked for the longest gives way to one that is.
/// From any thread; a shard in use stays open until its user is done.
///
/// Files on remote mounts fail for a while when a server restarts or a route changes. What may pass is tried again, with the
/// shard opened anew.
final class OpenShards: Sendable {
  private struct State {
    /// With when each was asked for last.
    var open: [Int: (shard: PackedShard, use: Int)] = [:]
    var uses = 0
    /// Those whose labels were looked at, which is done once.
    var checked: Set<Int> = []
  }

  private let limit: Int
  private let pauses: [Double]
  private let openShard: @Sendable (_ number: Int, _ checkingLabels: Bool) throws -> PackedShard
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: the most shards open, beside those in use.
  ///   - pauses: seconds before each further try.
  ///   - open: opens a shard.
  init(
    limit: Int, pauses: [Double] = [0.1, 0.5, 2, 5],
    open: @escaping @Sendable (_ number: Int, _ checkingLabels: Bool) throws -> PackedShard
  ) {
    precondition(limit > 0, "at least one shard is open")
    self.limit = limit
    self.pauses = pauses
    openShard = open
  }

  /// How many are open.
  var openCount: Int { state.withLock { $0.open.count } }

  /// Hands a shard to `body`, perhaps more than once.
  /// - Throws: what opening it and `body` throw: at once where a file is not as it should be, and after the last try where the
  ///   system could not read it.
  func with<R>(_ number: Int, _ body: (PackedShard) throws -> R) throws -> R {
    for pause in pauses {
      do { return try body(shard(number)) } catch let error as SafetensorsError where error.mayPass {
        state.withLock { _ = $0.open.removeValue(forKey: number) }
        Thread.sleep(forTimeInterval: pause)
      }
    }
    return try body(shard(number))
  }

  private func shard(_ number: Int) throws -> PackedShard {
    let (found, isChecked) = state.withLock { state in
      state.uses += 1
      state.open[number]?.use = state.uses
      return (state.open[number]?.shard, state.checked.contains(number))
    }
    if let found { return found }
    // Not under the lock: on a mount that stalls this takes long, and others have work.
    let shard = try openShard(number, !isChecked)
    state.withLock { state in
      state.checked.insert(number)
      if state.open.count >= limit, let oldest = state.open.min(by: { $0.value.use < $1.value.use }) {
        state.open[oldest.key] = nil
      }
      state.open[number] = (shard, state.uses)
    }
    return shard
  }
}

extension SafetensorsError {
  /// Whether the system may be able to read the file a little later.
  fileprivate var mayPass: Bool {
    let codes = [
      EIO, ESTALE, ETIMEDOUT, EAGAIN, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ECONNRESET, ECONNREFUSED,
      ENOTCONN,
    ]
    return systemCode.map(codes.contains) ?? false
  }
}

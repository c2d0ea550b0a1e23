import Foundation
import Synchronization
import Torch

import Cluster

/// Ranks of a job as threads of this process, on a port of their own.
public enum Job {
  /// A port that is free now.
  public static func freePort() throws -> Int {
    try KeyValueStore(host: "127.0.0.1", port: 0, serves: true, timeout: 5).port
  }

  /// Runs `body` as each rank.
  /// - Parameter change: to the environment and options of a rank.
  /// - Returns: what each gave, by rank.
  public static func run<R: Sendable>(
    _ size: Int, timeout: Double = 60,
    change: @Sendable (inout RankEnvironment, inout Communicator.Options) -> Void = { _, _ in },
    _ body: @escaping @Sendable (Communicator) throws -> R
  ) throws -> [Result<R, any Error>] {
    let port = try freePort()
    let results = Mutex([Result<R, any Error>?](repeating: nil, count: size))
    let group = DispatchGroup()
    withoutActuallyEscaping(change) { change in
      for rank in 0..<size {
        group.enter()
        var environment = RankEnvironment(
          rank: rank, size: size, localRank: rank, localSize: size, masterAddress: "127.0.0.1", masterPort: port)
        var options = Communicator.Options()
        (options.timeout, options.joinTimeout) = (timeout, 20)
        change(&environment, &options)
        let (own, settings) = (environment, options)
        let thread = Thread {
          let result = Result { try body(Communicator.join(own, settings)) }
          results.withLock { $0[rank] = result }
          group.leave()
        }
        thread.stackSize = 16 << 20
        thread.start()
      }
      group.wait()
    }
    return results.withLock { $0.map { $0! } }
  }
}

extension Result {
  public var problem: String? {
    guard case .failure(let error) = self else { return nil }
    return "\(error)"
  }
}

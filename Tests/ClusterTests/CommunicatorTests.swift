import Foundation
import Testing
import Torch

import ThreadedJobs

@testable import Cluster

@Suite(.serialized) struct CommunicatorTests {
  @Test(arguments: [1, 2, 3, 5]) func sumsAndShares(_ size: Int) throws {
    let results = try Job.run(size) { ranks in
      let rank = Double(ranks.rank)
      let sums = try ranks.sum([1, rank, rank * rank])
      let shared = try ranks.share(["from": "rank \(ranks.rank)"])
      let all = try ranks.gather(String(repeating: "x", count: ranks.rank))
      let vector = try Tensor((0..<1000).map { Float($0 * (ranks.rank + 1)) })
      try ranks.wait(ranks.startSum(vector))
      let copy = try Tensor([Int64(ranks.rank), 7])
      try ranks.broadcast([copy])
      let part = ranks.part(of: 10)
      try ranks.leave()
      return (sums, shared, all, try vector.elements(Float.self), try copy.elements(Int64.self), part)
    }
    let (count, values) = (Double(size), (0..<size).map(Double.init))
    for result in results {
      let (sums, shared, all, vector, copy, _) = try result.get()
      #expect(sums == [count, values.reduce(0, +), values.reduce(0) { $0 + $1 * $1 }])
      #expect(shared == ["from": "rank 0"])
      #expect(all == (0..<size).map { String(repeating: "x", count: $0) })
      #expect(vector == (0..<1000).map { Float($0 * size * (size + 1) / 2) })
      #expect(copy == [0, 7])
    }
    let parts = try results.map { try $0.get().5 }
    #expect(parts.flatMap(Array.init) == Array(0..<10))
    #expect(parts.allSatisfy { $0.count >= 10 / size && $0.count <= (10 + size - 1) / size })
  }

  @Test func differingSettingsAreRefusedWithBothValues() throws {
    struct Settings: Encodable {
      var batch: Int
      var model = ["levels": 3]
    }
    let results = try Job.run(3, timeout: 5) { ranks in
      do { try ranks.requireSame(Settings(batch: ranks.rank == 2 ? 32 : 64)) } catch {
        if ranks.rank == 2 { ranks.fail("\(error)") }
        throw error
      }
    }
    let expected =
      "has batch 32 and rank 0 on \(HostAddress.hostName) has 64: start all ranks with the same settings and images"
    for result in results { #expect(result.problem?.hasSuffix(expected) ?? false, "\(result)") }
  }

  /// Also where it is rank 0, with which the keys go.
  @Test(arguments: [0, 1]) func aRankThatFailsIsNamedWithItsReason(_ failing: Int) throws {
    let results = try Job.run(3, timeout: 10) { ranks in
      guard ranks.rank != failing else {
        ranks.fail("photos/7.png is damaged")
        throw ClusterError("photos/7.png is damaged")
      }
      _ = try ranks.sum([1])
    }
    for rank in 0..<3 where rank != failing {
      let problem = try #require(results[rank].problem)
      #expect(problem.hasPrefix("rank \(failing) (process ") && problem.hasSuffix("): photos/7.png is damaged"))
    }
  }

  @Test func aRankThatIsLateIsNamedWithWhatItDoes() throws {
    let done = DispatchSemaphore(value: 0)
    let results = try Job.run(3, timeout: 2) { ranks in
      guard ranks.rank != 2 else {
        ranks.count(steps: 12)
        ranks.enter(.reading)
        // Until the others have given up.
        for _ in 0..<2 { done.wait() }
        return
      }
      defer { done.signal() }
      _ = try ranks.sum([1])
    }
    for rank in [0, 1] {
      let problem = try #require(results[rank].problem)
      #expect(problem.hasPrefix("rank 2 (process "))
      #expect(
        problem.contains("holds up the others, which have waited 2 s for it: it is still reading images after step 12"))
    }
  }

  @Test func ranksThatDoNotArriveAreNamed() throws {
    let port = try Job.freePort()
    var options = Communicator.Options()
    options.joinTimeout = 1
    let alone = RankEnvironment(
      rank: 0, size: 3, localRank: 0, localSize: 3, masterAddress: "127.0.0.1", masterPort: port)
    #expect(
      message { try Communicator.join(alone, options) } == "ranks 1, 2 did not arrive within 1 s; 1 of 3 did")
  }

  @Test func nobodyAtTheAddress() throws {
    let port = try Job.freePort()
    var options = Communicator.Options()
    options.joinTimeout = 1
    let lost = RankEnvironment(
      rank: 1, size: 2, localRank: 1, localSize: 2, masterAddress: "127.0.0.1", masterPort: port)
    let problem = message { try Communicator.join(lost, options) }
    #expect(
      problem.hasPrefix(
        "rank 1 got no answer at 127.0.0.1:\(port) within 1 s: is rank 0 running there, is MASTER_ADDR right, and is the port "
          + "open between the hosts?"))
    #expect(!problem.contains("\n"))
  }

  @Test func worldSizesThatDiffer() throws {
    let results = try Job.run(2) { environment, options in
      if environment.rank == 1 { environment.size = 4 }
    } _: { _ in
    }
    for result in results {
      #expect(
        result.problem?.contains("was told of 4 ranks and rank 0 on \(HostAddress.hostName) of 2: start all with")
          ?? false)
    }
  }

  @Test func twoProcessesOfOneRank() throws {
    let results = try Job.run(3) { environment, options in
      options.joinTimeout = 2
      if environment.rank == 2 { environment.rank = 1 }
    } _: { _ in
    }
    let problems = results.compactMap(\.problem)
    #expect(problems.contains { $0 == "rank 2 did not arrive within 2 s; 2 of 3 did" })
  }

  @Test func whoeverServesKeepsTheKeys() throws {
    let store = try KeyValueStore(host: "127.0.0.1", port: 0, serves: true, timeout: 5)
    let port = store.port
    let results = try Job.run(2) { environment, _ in
      environment.launcherServes = true
      environment.masterPort = port
    } _: { ranks in
      let sum = try ranks.sum([2])
      try ranks.leave()
      return sum
    }
    #expect(try results.map { try $0.get() } == [[4], [4]])
  }

  @Test func aHostThatSaysLoopbackIsReachedAsTheOthersReachIt() throws {
    #expect(HostAddress.isLoopback("127.0.1.1") && !HostAddress.isLoopback("10.127.0.1"))
    #expect(HostAddress.isOwn("127.0.0.1") && !HostAddress.isOwn("192.0.2.1"))
    let route = try #require(HostAddress.route(to: "127.0.0.1", port: 1))
    #expect(route.own == "127.0.0.1" && route.peer == "127.0.0.1")
    #expect(HostAddress.missingInterface("lo") == nil)
    #expect(
      HostAddress.missingInterface("no-such")?.contains("\"no-such\", and \(HostAddress.hostName) has no such network")
        ?? false)
    #expect(HostAddress.route(to: "no such host.invalid", port: 1) == nil)
  }
}

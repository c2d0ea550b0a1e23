import TestSupport
import Testing
import Torch

@Suite(.serialized) struct SideBySideTests {
  private struct Failure: Error, Equatable { let index: Int }

  @Test(arguments: [1, 2, 5]) func resultsComeInOrder(threads: Int) throws {
    let before = Runtime.threadCount
    try Runtime.setThreadCount(threads)
    defer { try? Runtime.setThreadCount(before) }
    for count in [0, 1, 2, 7] {
      let results = try Runtime.sideBySide(count) { index in
        let sum = try (Tensor.range(100, .float64) * Double(index)).sum().item()
        return (sum, Runtime.threadCount)
      }
      #expect(results.map(\.0) == (0..<count).map { 4950 * Double($0) })
      #expect(results.allSatisfy { $0.1 == 1 })
      #expect(Runtime.threadCount == threads)
    }
  }

  @Test func theFirstErrorInOrderIsThrown() throws {
    var ended = [Bool](repeating: false, count: 4)
    ended.withUnsafeMutableBufferPointer { ended in
      let ended = ended
      #expect(throws: Failure(index: 1)) {
        try Runtime.sideBySide(4) { index in
          ended[index] = true
          if index == 1 || index == 3 { throw Failure(index: index) }
        }
      }
    }
    #expect(!ended.contains(false))
  }
}

import Testing

@testable import Datasets

@Suite struct BlockOrderTests {
  @Test(arguments: [1, 2, 3, 7, 16, 17, 1000, 4097]) func keyedPermutationsArePermutations(count: Int) {
    let permutation = KeyedPermutation(of: count, keyedBy: KeyedRandom(.blockOrder, 5, UInt64(count)))
    #expect((0..<count).map { permutation[$0] }.sorted() == Array(0..<count))
  }

  @Test func allOrdersOfThreeAreAboutAsLikely() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<6000 as Range<UInt64> {
      let permutation = KeyedPermutation(of: 3, keyedBy: KeyedRandom(.blockOrder, seed))
      counts[(0..<3).map { permutation[$0] }, default: 0] += 1
    }
    #expect(counts.count == 6)
    // The standard deviation is 29.
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 }, "\(counts)")
  }

  @Test(arguments: [1, 5, 8, 100, 997], [1, 3, 8, 2000]) func everyImageComesOnceAnEpoch(count: Int, block: Int) {
    for epoch in 0..<3 {
      let order = BlockOrder(count: count, block: block, seed: 3, epoch: epoch, blocksPerWindow: 4)
      #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count))
    }
  }

  @Test func aWindowReadsItsBlocksOnly() {
    let order = BlockOrder(count: 1000, block: 10, seed: 1, epoch: 0, blocksPerWindow: 5)
    for window in 0..<20 {
      let images = (0..<50).map { order[window * 50 + $0] }.sorted()
      // Runs of ten neighbors, which may touch.
      let runs = images.indices.filter { $0 == 0 || images[$0] != images[$0 - 1] + 1 }.count
      #expect(runs <= 6, "\(images)")
      #expect(images != (0..<50).map { order[window * 50 + $0] })
    }
  }

  @Test func ordersDependOnSeedAndEpoch() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let order = BlockOrder(count: 200, block: 4, seed: seed, epoch: epoch)
      return (0..<200).map { order[$0] }
    }
    #expect(order(1, 0) == order(1, 0))
    #expect(Set([order(1, 0), order(1, 1), order(2, 0)]).count == 3)
  }

  @Test func aHugeSetNeedsNoTable() {
    let order = BlockOrder(count: 1 << 40, block: 64, seed: 1, epoch: 0)
    #expect(Set((0..<1000).map { order[$0 << 29] }).count == 1000)
  }

  @Test func streamsFollowTheBlocksAndResumeExactly() throws {
    let dataset = CountingDataset(count: 100, shuffleBlock: 8)
    let whole = BatchStream(dataset: dataset, batchSize: 7, seed: 2)
    let epoch = try (0..<20).flatMap { _ in try whole.next().indices }
    #expect(epoch[..<100].sorted() == Array(0..<100))
    let order = BlockOrder(count: 100, block: 8, seed: 2, epoch: 0)
    #expect(Array(epoch[..<100]) == (0..<100).map { order[$0] })
    let resumed = BatchStream(dataset: dataset, batchSize: 7, seed: 2, startingAt: 63)
    #expect(try resumed.next().indices == Array(epoch[63..<70]))
  }
}

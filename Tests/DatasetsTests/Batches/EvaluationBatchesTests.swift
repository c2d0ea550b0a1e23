import Testing

@testable import Datasets

@Suite(.timeLimit(.minutes(1))) struct EvaluationBatchesTests {
  @Test func everyImageOnceInOrderWithASmallerLastBatch() throws {
    let batches = EvaluationBatches(dataset: CountingDataset(count: 10), batchSize: 4, seed: 1)
    var seen: [[Int]] = []
    try batches.forEach { seen.append($0.indices) }
    #expect(seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    #expect(batches.count == 3)
    #expect(try batches.batch(at: 2).labels == [0, 1])
  }

  @Test func noiseDependsOnTheDrawAndNotOnTheBatchSize() throws {
    let dataset = CountingDataset(count: 10)
    func noise(batchSize: Int, draw: Int) throws -> [Float] {
      var noise: [Float] = []
      try EvaluationBatches(dataset: dataset, batchSize: batchSize, seed: 1).forEach(draw: draw) { noise += $0.noise }
      return noise
    }
    let expected = try noise(batchSize: 1, draw: 0)
    #expect(try noise(batchSize: 7, draw: 0) == expected)
    #expect(try noise(batchSize: 7, draw: 1) != expected)
    #expect(Set(expected).count > 50)
  }

  @Test func anotherDrawNeedsNoSecondReading() throws {
    let batches = EvaluationBatches(dataset: CountingDataset(count: 3), batchSize: 2, seed: 1)
    let batch = try batches.batch(at: 1)
    #expect(try batches.noise(for: batch, draw: 5) == batches.batch(at: 1, draw: 5).noise)
  }

  @Test func errorsOfReadingAndOfTheBodyComeThrough() {
    let broken = EvaluationBatches(dataset: CountingDataset(count: 10, broken: [6]), batchSize: 4, seed: 1)
    var seen = 0
    #expect(throws: CountingDataset.Broken(index: 6)) { try broken.forEach { _ in seen += 1 } }
    #expect(seen == 1)
    let whole = EvaluationBatches(dataset: CountingDataset(count: 10), batchSize: 1, seed: 1)
    #expect(throws: CancellationError.self) { try whole.forEach { _ in throw CancellationError() } }
  }
}

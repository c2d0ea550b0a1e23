/// Every image of a split once, in order, in batches; the last batch holds what is left.
///
/// Noise is keyed by (seed, draw, image index): it does not depend on the batch size, and draw `k` of an image is the
/// same however often it is asked for.
///
/// ```swift
/// let test = try DatasetSource(parsing: "fashion-mnist").open(split: .test, seed: 0)
/// try EvaluationBatches(dataset: test, batchSize: 100, seed: 0).forEach { batch in print(batch.count, batch.labels[0]) }
/// ```
public struct EvaluationBatches: Sendable {
  /// Where the images come from.
  public let dataset: any ImageDataset
  /// Images a batch, but perhaps for the last.
  public let batchSize: Int
  private let assembler: BatchAssembler

  /// Nothing is read yet.
  /// - Parameters:
  ///   - noise: whether batches carry dequantization noise.
  ///   - attributes: those of which batches tell.
  public init(
    dataset: any ImageDataset, batchSize: Int, seed: UInt64, noise: Bool = true, attributes: [String] = []
  ) {
    precondition(batchSize > 0, "a batch size must be positive, got \(batchSize)")
    self.dataset = dataset
    self.batchSize = batchSize
    assembler = BatchAssembler(
      dataset: dataset, seed: seed, augmentation: .none, noise: noise ? .evaluationNoise : nil,
      randomCrops: false, attributes: AttributeTelling(names: attributes))
  }

  /// The number of batches.
  public var count: Int { (dataset.count + batchSize - 1) / batchSize }

  /// Batch `number`, with the noise of one draw.
  ///
  /// - Throws: what reading an image throws.
  public func batch(at number: Int, draw: Int = 0) throws -> Batch {
    precondition((0..<count).contains(number), "batch \(number) is outside 0..<\(count)")
    let first = number * batchSize
    let indices = first..<min(first + batchSize, dataset.count)
    return try assembler.batch(of: indices.map { BatchAssembler.Item(index: $0, pass: draw) })
  }

  /// The noise of another draw for the images of `batch`, `[count, height, width, channels]`, without reading them
  /// again; empty when this value was made without noise.
  public func noise(for batch: Batch, draw: Int) -> [Float] {
    assembler.noiseValues(of: batch.indices.map { BatchAssembler.Item(index: $0, pass: draw) })
  }

  /// Calls `body` with every batch in order, or with some of them; the next ones are read on another thread meanwhile.
  ///
  /// - Parameters:
  ///   - numbers: which batches; nil for all.
  ///   - prefetch: the most batches held or in the making, beside the one in use.
  /// - Throws: what reading an image or `body` throws; nothing more is read then.
  public func forEach(
    _ numbers: [Int]? = nil, draw: Int = 0, prefetch: Int = 2, _ body: (Batch) throws -> Void
  ) throws {
    let numbers = numbers ?? Array(0..<count)
    let prefetcher = OrderedPrefetcher(count: numbers.count, ahead: prefetch, workers: 1) {
      try batch(at: numbers[$0], draw: draw)
    }
    defer { prefetcher.close() }
    while let batch = try prefetcher.next() { try body(batch) }
  }
}

/// The endless stream of training batches, prepared ahead on background threads.
///
/// Its position is one number, the images seen. The stream is epoch after epoch; the order of epoch `e` is a
/// permutation keyed by (seed, e), noise, random crops and augmentation are keyed by (seed, e, image index), and a batch
/// is the next `batchSize` images, across the end of an epoch where it falls so. A stream started at position `n`
/// therefore gives the same batches as one that ran to `n`, whatever the prefetching.
///
/// ```swift
/// let train = try DatasetSource(parsing: "fashion-mnist").openTraining(seed: 0).train
/// let stream = BatchStream(dataset: train, batchSize: 64, seed: 0)
/// for _ in 0..<10 { print(try stream.next().labels) }
/// let resumed = BatchStream(dataset: train, batchSize: 64, seed: 0, startingAt: stream.imagesSeen)
/// print(try resumed.next() == stream.next())  // true
/// ```
public final class BatchStream: Sendable {
  /// Where the images come from.
  public let dataset: any ImageDataset
  /// The number of images in a whole batch, of all ranks of a job.
  public let batchSize: Int
  private let start: Int
  private let prefetcher: OrderedPrefetcher<Batch>

  /// Starts the threads at once.
  ///
  /// - Parameters:
  ///   - dataset: at least one image.
  ///   - imagesSeen: where to start; any number, not only a multiple of `batchSize`.
  ///   - part: which of each batch's images to read, for a rank of a job; nil for all.
  ///   - noise: whether batches carry dequantization noise.
  ///   - attributes: those of which batches tell.
  ///   - attributeDropout: the share of the images of which only some of them are told, 0 to 1: a model that is trained so also
  ///     does without. Of such an image the share that is told is u², u uniform in 0 ..< 1.
  ///   - prefetch: the most batches held or in the making, beside the one in use: what training lives on while a read
  ///     stalls. Nil for what 64 MB hold, 4 to 64.
  ///   - workers: threads that read and prepare batches; while one waits for its disk, the others go on.
  public init(
    dataset: any ImageDataset, batchSize: Int, part: Range<Int>? = nil, seed: UInt64, startingAt imagesSeen: Int = 0,
    augmentation: Augmentation = .none, noise: Bool = true, attributes: [String] = [], attributeDropout: Double = 0,
    prefetch: Int? = nil, workers: Int = 2
  ) {
    precondition(dataset.count > 0, "a stream needs at least one image")
    precondition(batchSize > 0, "a batch size must be positive, got \(batchSize)")
    precondition((0...1).contains(attributeDropout), "a share is 0 to 1, got \(attributeDropout)")
    precondition(imagesSeen >= 0, "images seen cannot be negative, got \(imagesSeen)")
    let part = part ?? 0..<batchSize
    precondition(
      !part.isEmpty && part.lowerBound >= 0 && part.upperBound <= batchSize, "\(part) is no part of \(batchSize) images"
    )
    self.dataset = dataset
    self.batchSize = batchSize
    self.start = imagesSeen
    let orders = EpochOrders(count: dataset.count, block: dataset.shuffleBlock, seed: seed)
    let assembler = BatchAssembler(
      dataset: dataset, seed: seed, augmentation: augmentation, noise: noise ? .trainingNoise : nil,
      randomCrops: true, attributes: AttributeTelling(names: attributes, dropout: attributeDropout))
    let batchBytes = part.count * dataset.shape.elementCount * (noise ? 5 : 1)
    let ahead = prefetch ?? max(4, min(64, (64 << 20) / batchBytes))
    prefetcher = OrderedPrefetcher(ahead: ahead, workers: workers) { batch in
      let first = imagesSeen + batch * batchSize
      return try assembler.batch(of: orders.items(at: first + part.lowerBound..<first + part.upperBound))
    }
  }

  /// The position: how many images come before the batch that `next()` gives next. Save it to resume there.
  public var imagesSeen: Int { start + prefetcher.taken * batchSize }

  /// Waits for the next batch.
  ///
  /// - Throws: what reading an image of this batch threw, once; the call after gives the batch after.
  ///   `DatasetError.closed` after `close()`.
  public func next() throws -> Batch {
    guard let batch = try prefetcher.next() else { throw DatasetError.closed }
    return batch
  }

  /// Ends the threads and waits for them; so does letting go of the stream. Calling it again does nothing.
  public func close() {
    prefetcher.close()
  }
}

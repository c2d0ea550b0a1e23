import Foundation
import Synchronization
import Testing

@testable import Datasets

@Suite(.timeLimit(.minutes(1))) struct BatchStreamTests {
  private let augmentation = Augmentation(horizontalFlip: true, shift: 0.4)

  @Test func anEpochShowsEveryImageOnceAndEpochsDiffer() throws {
    let stream = BatchStream(dataset: CountingDataset(count: 10), batchSize: 5, seed: 1)
    let epochs = try (0..<3).map { _ in try stream.next().indices + stream.next().indices }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<10)) }
    #expect(Set(epochs).count == 3)
  }

  @Test func batchesCarryPixelsNoiseAndLabels() throws {
    let stream = BatchStream(dataset: CountingDataset(count: 10), batchSize: 4, seed: 1)
    let batch = try stream.next()
    #expect(batch.count == 4)
    #expect(batch.pixels == batch.indices.flatMap { [UInt8](repeating: UInt8($0), count: 6) })
    #expect(batch.labels == batch.indices.map { Int32($0 % 2) })
    #expect(batch.noise.count == batch.pixels.count)
    let bare = BatchStream(dataset: CountingDataset(count: 10, classNames: []), batchSize: 4, seed: 1, noise: false)
    #expect(try bare.next().noise.isEmpty)
    #expect(try bare.next().labels.isEmpty)
  }

  @Test func batchesTellOfTheAttributesAskedFor() throws {
    let dataset = CountingDataset(count: 9, attributeNames: ["x", "y", "z"])
    let stream = BatchStream(dataset: dataset, batchSize: 9, seed: 1, attributes: ["z", "none", "x"])
    let batch = try stream.next()
    let values: [Float] = [1, -1, 0]
    #expect(batch.attributes == batch.indices.flatMap { [values[($0 + 2) % 3], 0, values[$0 % 3]] })
    #expect(try BatchStream(dataset: dataset, batchSize: 9, seed: 1).next().attributes.isEmpty)
    let evaluation = EvaluationBatches(dataset: dataset, batchSize: 4, seed: 0, attributes: ["y"])
    #expect(try evaluation.batch(at: 1).attributes == (4..<8).map { values[($0 + 1) % 3] })
  }

  /// Of a share of the images only some attributes are told; which ones depends on seed, epoch and image alone.
  @Test func someAttributesAreNotTold() throws {
    let names = (0..<10).map { "a\($0)" }
    let count = 2000
    let dataset = CountingDataset(count: count, attributeNames: names)
    func rows(dropout: Double, batchSize: Int = count, batches: Int = 1) throws -> [Int: [Float]] {
      let stream = BatchStream(
        dataset: dataset, batchSize: batchSize, seed: 4, noise: false, attributes: names, attributeDropout: dropout)
      var rows: [Int: [Float]] = [:]
      for _ in 0..<batches {
        let batch = try stream.next()
        for (place, index) in batch.indices.enumerated() {
          rows[index] = Array(batch.attributes[place * names.count..<(place + 1) * names.count])
        }
      }
      return rows
    }
    let (whole, half, all) = (try rows(dropout: 0), try rows(dropout: 0.5), try rows(dropout: 1))
    for (dropped, share) in [(half, 0.5), (all, 1)] {
      var (changed, empty) = (0, 0)
      for (index, row) in dropped {
        for (told, known) in zip(row, whole[index]!) { #expect(told == known || told == 0) }
        changed += row == whole[index]! ? 0 : 1
        empty += row.allSatisfy { $0 == 0 } ? 1 : 0
      }
      // Three of ten are not known: of the seven others all are told where u is near 1.
      #expect(abs(Double(changed) / Double(count) - share * 0.93) < 0.04, "\(changed)")
      #expect(abs(Double(empty) / Double(count) - share * 0.32) < 0.04, "\(empty)")
    }
    #expect(try rows(dropout: 0.5, batchSize: 50, batches: 40) == half)
    let second = try rows(dropout: 0.5, batches: 2)
    #expect(second != half)
  }

  @Test(arguments: [0, 4, 8, 12, 40], [(1, 1), (4, 1), (3, 3), (8, 2)])
  func aStreamStartedAtAPositionIsOneThatRanThere(start: Int, threads: (prefetch: Int, workers: Int)) throws {
    let dataset = GradientDataset(count: 10)
    let whole = BatchStream(dataset: dataset, batchSize: 4, seed: 9, augmentation: augmentation)
    for _ in 0..<start / 4 { _ = try whole.next() }
    #expect(whole.imagesSeen == start)
    let resumed = BatchStream(
      dataset: dataset, batchSize: 4, seed: 9, startingAt: start, augmentation: augmentation,
      prefetch: threads.prefetch, workers: threads.workers)
    for _ in 0..<8 { #expect(try whole.next() == resumed.next()) }
    #expect(whole.imagesSeen == resumed.imagesSeen)
  }

  @Test func imagesDoNotDependOnTheBatchSize() throws {
    func images(batchSize: Int) throws -> [Float] {
      let stream = BatchStream(
        dataset: GradientDataset(count: 7), batchSize: batchSize, seed: 3, augmentation: augmentation)
      return try (0..<30 / batchSize).flatMap { _ in
        let batch = try stream.next()
        return zip(batch.pixels, batch.noise).map { Float($0) + $1 }
      }
    }
    let expected = try images(batchSize: 1)
    for batchSize in [2, 3, 10, 30] { #expect(try images(batchSize: batchSize) == expected) }
  }

  @Test func noiseChangesFromEpochToEpoch() throws {
    let stream = BatchStream(dataset: CountingDataset(count: 1), batchSize: 1, seed: 3)
    #expect(try stream.next().noise != stream.next().noise)
  }

  @Test(arguments: [1, 3]) func anErrorComesOnceAtItsBatch(workers: Int) throws {
    let dataset = CountingDataset(count: 12, broken: [5])
    let order = try indices(count: 12, batches: 6)
    let stream = BatchStream(dataset: dataset, batchSize: 4, seed: 1, workers: workers)
    for expected in order {
      if expected.contains(5) {
        #expect(throws: CountingDataset.Broken(index: 5)) { try stream.next() }
      } else {
        #expect(try stream.next().indices == expected)
      }
    }
    #expect(stream.imagesSeen == 24)
  }

  @Test func noMoreIsPreparedThanAsked() throws {
    let dataset = WatchedDataset()
    let stream = BatchStream(dataset: dataset, batchSize: 1, seed: 0, prefetch: 3, workers: 2)
    _ = try stream.next()
    while dataset.reads.withLock({ $0 }) < 4 { Thread.sleep(forTimeInterval: 0.001) }
    Thread.sleep(forTimeInterval: 0.02)
    #expect(dataset.reads.withLock { $0 } == 4)
  }

  @Test func closingIsFinalAndCanBeRepeated() throws {
    let stream = BatchStream(dataset: CountingDataset(count: 4), batchSize: 2, seed: 0)
    _ = try stream.next()
    stream.close()
    stream.close()
    #expect(throws: DatasetError.closed) { try stream.next() }
  }

  @Test func lettingGoEndsTheThreadsAndFreesTheDataset() throws {
    weak var dataset: WatchedDataset?
    for next in [0, 1, 5] {
      var kept: WatchedDataset? = WatchedDataset()
      dataset = kept
      var stream: BatchStream? = BatchStream(dataset: kept!, batchSize: 2, seed: 0, prefetch: 4, workers: 3)
      for _ in 0..<next { _ = try stream!.next() }
      kept = nil
      stream = nil
      #expect(waitUntil { dataset == nil })
    }
  }

  @Test func closingWakesWhoeverWaits() throws {
    let gate = DispatchSemaphore(value: 0)
    let prefetcher = OrderedPrefetcher<Int>(ahead: 1, workers: 1) { _ in
      gate.wait()
      return 0
    }
    let ended = Mutex(false)
    let waiting = Thread {
      if (try? prefetcher.next()) == .some(nil) { ended.withLock { $0 = true } }
    }
    waiting.start()
    let closing = Thread { prefetcher.close() }
    closing.start()
    #expect(waitUntil { ended.withLock { $0 } })
    gate.signal()
  }

  private func indices(count: Int, batches: Int) throws -> [[Int]] {
    let stream = BatchStream(dataset: CountingDataset(count: count), batchSize: 4, seed: 1)
    return try (0..<batches).map { _ in try stream.next().indices }
  }

  private func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 where !condition() { Thread.sleep(forTimeInterval: 0.001) }
    return condition()
  }
}

/// Images of 4x5 pixels, no two bytes of which are the same.
private struct GradientDataset: ImageDataset {
  var name: String { "gradient" }
  var split: DatasetSplit { .train }
  var shape: ImageShape { ImageShape(height: 4, width: 5, channels: 1) }
  var count: Int
  var classNames: [String] { [] }

  func label(at index: Int) -> Int? { nil }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    for i in 0..<20 { buffer[i] = UInt8(20 * index + i) }
  }
}

/// Counts how many images were read.
private final class WatchedDataset: ImageDataset {
  let reads = Mutex(0)
  var name: String { "watched" }
  var split: DatasetSplit { .train }
  var shape: ImageShape { ImageShape(height: 1, width: 1, channels: 1) }
  var count: Int { 100 }
  var classNames: [String] { [] }

  func label(at index: Int) -> Int? { nil }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    reads.withLock { $0 += 1 }
    buffer[0] = 0
  }
}

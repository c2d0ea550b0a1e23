import Files
import Foundation
import Synchronization
import Testing

@testable import Datasets
@testable import Safetensors

/// What sets have to bear that are larger than memory, in more files than may be open, on mounts that fail for a while.
@Suite struct LargeSetTests {
  /// 120 images in 20 shards.
  private func withShards(_ body: (URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let packed = folder.appendingPathComponent("packed")
      try PackedWriter([CountingDataset(count: 120)], shardBytes: 6 * 6).write(to: packed)
      try body(packed)
    }
  }

  private func descriptors(below folder: URL) throws -> Int {
    let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    return links.count { link in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(link)")
      return target?.hasPrefix(folder.path) ?? false
    }
  }

  @Test func onlySoManyShardsAreOpen() throws {
    try withShards { folder in
      let dataset = try PackedDataset(directory: folder, split: .train, open: 3)
      #expect(dataset.shards.openCount == 1)
      #expect(try descriptors(below: folder) == 1)
      var random = KeyedRandom(.split, 1)
      for index in random.permutation(of: 120) + random.permutation(of: 120) {
        #expect(try dataset.image(at: index).pixels == [UInt8](repeating: UInt8(index), count: 6))
        #expect(dataset.label(at: index) == index % 2)
        #expect(dataset.shards.openCount <= 3)
      }
      #expect(try descriptors(below: folder) == 3)
    }
  }

  @Test func threadsThatReadFromMoreShardsThanMayBeOpenSeeWhole() throws {
    try withShards { folder in
      let dataset = try PackedDataset(directory: folder, split: .train, open: 2)
      let wrong = Mutex<[Int]>([])
      DispatchQueue.concurrentPerform(iterations: 8) { worker in
        var random = KeyedRandom(.split, UInt64(worker))
        for index in random.permutation(of: 120) {
          let pixels = try? dataset.image(at: index).pixels
          if pixels != [UInt8](repeating: UInt8(index), count: 6) { wrong.withLock { $0.append(index) } }
        }
      }
      #expect(wrong.withLock { $0 }.isEmpty)
    }
  }

  @Test func aDamagedShardIsFoundWhenItsImagesAreAskedFor() throws {
    try withShards { folder in
      let shard = folder.appendingPathComponent("train-00007-of-00020.safetensors")
      var bytes = try [UInt8](Data(contentsOf: shard))
      // The first label.
      bytes[8 + Int(bytes[0]) + Int(bytes[1]) << 8] = 9
      try Data(bytes).write(to: shard)
      let dataset = try PackedDataset(directory: folder, split: .train, open: 3)
      #expect(try dataset.image(at: 41).pixels[0] == 41)
      let error = #expect(throws: DatasetError.self) { try dataset.image(at: 42) }
      #expect(error?.description.hasPrefix("\(shard.path): the label of image 0 should be 0 to 1, found 9") == true)
      try FileManager.default.removeItem(at: shard)
      let missing = #expect(throws: SafetensorsError.self) { try dataset.image(at: 42) }
      #expect(missing?.description.contains(shard.path) == true)
    }
  }

  /// A shard that cannot be opened so many times.
  private func opener(
    _ folder: URL, failing times: Int, with code: POSIXErrorCode, tries: Mutex<Int>.Wrapper
  ) throws -> OpenShards {
    let index = try PackedIndex(of: folder)
    let entry = index.splits["train"]![0]
    return OpenShards(limit: 2, pauses: [0, 0, 0]) { _, _ in
      let number = tries.value.withLock { tries in
        tries += 1
        return tries
      }
      if number <= times { throw SafetensorsError(file: entry.file, cannotBe: "read", POSIXError(code)) }
      return try PackedShard(entry, of: index, in: folder)
    }
  }

  @Test func whatMayPassIsTriedAgain() throws {
    try withShards { folder in
      let tries = Mutex<Int>.Wrapper(0)
      let shards = try opener(folder, failing: 3, with: .EIO, tries: tries)
      #expect(try shards.with(0) { try $0.label(at: 1) } == 1)
      #expect(tries.value.withLock { $0 } == 4)
    }
  }

  @Test func whatDoesNotPassIsThrown() throws {
    try withShards { folder in
      let tries = Mutex<Int>.Wrapper(0)
      let shards = try opener(folder, failing: .max, with: .ESTALE, tries: tries)
      let error = #expect(throws: SafetensorsError.self) { try shards.with(0) { _ in } }
      #expect(error?.description.contains("cannot be read: Stale file handle") == true)
      #expect(tries.value.withLock { $0 } == 4)
    }
  }

  @Test func whatWillNeverBeReadIsNotTriedAgain() throws {
    try withShards { folder in
      let tries = Mutex<Int>.Wrapper(0)
      let shards = try opener(folder, failing: .max, with: .EACCES, tries: tries)
      #expect(throws: SafetensorsError.self) { try shards.with(0) { _ in } }
      #expect(tries.value.withLock { $0 } == 1)
    }
  }

  @Test func aFingerprintReadsFewOfManyLabels() {
    let large = VirtualDataset(count: 100_000_000)
    let fingerprint = DatasetFingerprint(of: large)
    #expect(large.labelsRead.value.withLock { $0 } == 64)
    #expect(fingerprint == DatasetFingerprint(of: VirtualDataset(count: 100_000_000)))
    let small = VirtualDataset(count: 1000)
    _ = DatasetFingerprint(of: small)
    #expect(small.labelsRead.value.withLock { $0 } == 1000)
  }

  /// Computed by the program before labels were sampled: runs that were begun then can go on.
  @Test func fingerprintsOfSmallSetsAreWhatTheyWere() {
    let fingerprint = DatasetFingerprint(of: CountingDataset(count: 120))
    var labels = CRC32C()
    for index in 0..<120 { withUnsafeBytes(of: Int32(index % 2).littleEndian) { labels.update($0) } }
    #expect(fingerprint.labels == labels.value)
  }

  @Test func aSplitIsCutFromManyImagesWithoutATable() throws {
    let (train, validation) = try VirtualDataset(count: 100_000_000).cuttingValidation(of: 5000, seed: 4)
    #expect(train is SpacedRest && train.count == 99_995_000 && validation.count == 5000)
    #expect(validation.split == .validation && train.split == .train)
    let images = (0..<5000).map { validation.label(at: $0)! }
    #expect(images[1] - images[0] == 20_000 && Set(images).count == 5000)

    // Every image is in one of both, in order.
    for (count, removed) in [(20, 3), (21, 4), (12, 6), (7, 1)] {
      let step = count / removed
      for offset in 0..<step {
        let base = VirtualDataset(count: count)
        let rest = SpacedRest(of: base, without: removed, step: step, offset: offset)
        let own = (0..<rest.count).map { rest.label(at: $0)! }
        let taken = (0..<removed).map { $0 * step + offset }
        #expect(own == (0..<count).filter { !taken.contains($0) }, "\(count) without \(taken)")
      }
    }
  }

  @Test func aReadThatStallsHoldsUpNoOtherReader() throws {
    let dataset = StallingDataset()
    let stream = BatchStream(dataset: dataset, batchSize: 1, seed: 0, prefetch: 6, workers: 2)
    // One reader hangs at the first image that is read; the other makes all batches that may be ahead.
    for _ in 0..<5 { dataset.isRead.wait() }
    dataset.gate.signal()
    for _ in 0..<8 { #expect(try stream.next().count == 1) }
  }

  @Test func ranksReadEachTheirPartOfEveryBatch() throws {
    for block in [nil, 4] {
      let dataset = CountingDataset(count: 50, shuffleBlock: block)
      let whole = BatchStream(dataset: dataset, batchSize: 7, seed: 3)
      let parts = [0..<2, 2..<4, 4..<7].map { BatchStream(dataset: dataset, batchSize: 7, part: $0, seed: 3) }
      for _ in 0..<20 {
        let expected = try whole.next()
        let found = try parts.map { try $0.next() }
        #expect(found.flatMap(\.indices) == expected.indices)
        #expect(found.flatMap(\.noise) == expected.noise && found.flatMap(\.pixels) == expected.pixels)
      }
      #expect(parts.allSatisfy { $0.imagesSeen == whole.imagesSeen })
    }
  }
}

extension Mutex where Value == Int {
  /// A count that several hold.
  final class Wrapper: Sendable {
    let value: Mutex<Int>

    init(_ value: Int) { self.value = Mutex(value) }
  }
}

/// Images that nobody stores, each with a label of its own.
private struct VirtualDataset: ImageDataset {
  var name: String { "virtual" }
  var split: DatasetSplit { .train }
  var shape: ImageShape { ImageShape(height: 1, width: 1, channels: 1) }
  let count: Int
  var classNames: [String] { ["any"] }
  let labelsRead = Mutex<Int>.Wrapper(0)

  func label(at index: Int) -> Int? {
    labelsRead.value.withLock { $0 += 1 }
    return index
  }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    buffer[0] = UInt8(truncatingIfNeeded: index)
  }
}

/// Of which the read that comes first hangs.
private final class StallingDataset: ImageDataset {
  let gate = DispatchSemaphore(value: 0)
  let isRead = DispatchSemaphore(value: 0)
  private let reads = Mutex(0)

  var name: String { "stalling" }
  var split: DatasetSplit { .train }
  var shape: ImageShape { ImageShape(height: 1, width: 1, channels: 1) }
  var count: Int { 20 }
  var classNames: [String] { [] }
  func label(at index: Int) -> Int? { nil }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let isFirst = reads.withLock { reads in
      reads += 1
      return reads == 1
    }
    if isFirst { gate.wait() } else { isRead.signal() }
    buffer[0] = UInt8(index)
  }
}

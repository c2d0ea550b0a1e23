import Files
import Foundation
import Safetensors

/// Writes data sets as packed shards, which ``PackedDataset`` reads.
///
/// ```swift
/// let source = try DatasetSource(parsing: "fashion-mnist")
/// let (train, validation) = try source.openTraining(seed: 0)
/// let test = try source.open(split: .test, seed: 0)
/// let folder = URL(filePath: "packed")
/// try PackedWriter([train, validation, test], shardBytes: 10_000_000).write(to: folder)
/// print(try PackedDataset(directory: folder, split: .train).count)  // 55000
/// ```
public struct PackedWriter {
  private let shardImages: Int
  private let workers: Int
  private let datasets: [any ImageDataset]
  private let classNames: [String]

  /// Nothing is read or written yet.
  ///
  /// - Parameters:
  ///   - datasets: the splits, at least one, each once.
  ///   - shardBytes: the most bytes of pixels in a shard; at least one image is in each.
  ///   - workers: threads that read and decode images.
  /// - Throws: `DatasetError.unlikeSplits` unless all have one shape and the same classes and attributes (classes that
  ///   are the first ones of another split's will do).
  public init(_ datasets: [any ImageDataset], shardBytes: Int, workers: Int = 1) throws {
    precondition(!datasets.isEmpty && shardBytes > 0 && workers > 0, "packing needs images, a size and a worker")
    precondition(Set(datasets.map(\.split)).count == datasets.count, "a split is packed once")
    let richest = datasets.max { $0.classNames.count < $1.classNames.count }!
    classNames = richest.classNames
    func exact(_ names: [String]) -> [ExactName] { names.map(ExactName.init) }
    for other in datasets {
      func require(_ isAlike: Bool, _ what: String, as first: any ImageDataset) throws {
        guard isAlike else {
          throw DatasetError.unlikeSplits(
            name: other.name, first: first.split, second: other.split, what: what)
        }
      }
      let first = datasets[0]
      try require(other.shape == first.shape, "sizes, \(first.shape) and \(other.shape)", as: first)
      try require(exact(other.attributeNames) == exact(first.attributeNames), "attributes", as: first)
      try require(
        exact(classNames).starts(with: exact(other.classNames)) && other.classNames.isEmpty == classNames.isEmpty,
        "classes", as: richest)
    }
    self.datasets = datasets
    self.workers = workers
    shardImages = max(1, shardBytes / datasets[0].shape.elementCount)
  }

  /// Writes the shards and then the index into a folder beside `folder`, which is renamed when all is complete.
  ///
  /// - Parameters:
  ///   - folder: must not exist.
  ///   - progress: called with the images written so far; what it throws ends the work.
  /// - Throws: `DatasetError.exists`, `SafetensorsError`, what reading an image and `progress` throw. Nothing is left.
  public func write(to folder: URL, progress: (Int) throws -> Void = { _ in }) throws {
    guard !FileManager.default.fileExists(atPath: folder.path) else { throw DatasetError.exists(path: folder.path) }
    do { try AtomicFolder.write(to: folder, replacing: false) { try writeAll(to: $0, progress) } } catch {
      guard error is POSIXError || (error as NSError).domain == NSCocoaErrorDomain else { throw error }
      throw DatasetError.unwritable(path: folder.path, reason: error.systemReason)
    }
  }

  private func writeAll(to folder: URL, _ progress: (Int) throws -> Void) throws {
    var index = PackedIndex(
      name: datasets[0].name, shape: datasets[0].shape, classes: classNames,
      attributes: datasets[0].attributeNames, splits: [:])
    var written = 0
    for dataset in datasets {
      let shardCount = (dataset.count + shardImages - 1) / shardImages
      index.splits[dataset.split.rawValue] = try (0..<shardCount).map { number in
        let name = "\(dataset.split.rawValue)-\(fiveDigits(number))-of-\(fiveDigits(shardCount)).safetensors"
        let images = number * shardImages..<min((number + 1) * shardImages, dataset.count)
        let crc32c = try writeShard(images, of: dataset, to: folder.appendingPathComponent(name)) { count in
          written += count
          try progress(written)
        }
        return PackedIndex.Shard(file: name, images: images.count, crc32c: crc32c)
      }
    }
    try JSONFile.pretty(index).write(to: folder.appendingPathComponent(PackedIndex.fileName))
  }

  /// - Returns: the checksum of the shard.
  private func writeShard(
    _ images: Range<Int>, of dataset: any ImageDataset, to url: URL, _ progress: (Int) throws -> Void
  ) throws -> UInt32 {
    var crc = CRC32C()
    try withoutActuallyEscaping(progress) { progress in
      let shape = dataset.shape
      var items: [SafetensorsItem] = []
      func add(_ name: String, _ type: SafetensorsType, _ shape: [Int], _ bytes: [UInt8]) {
        items.append(
          SafetensorsItem(name: name, type: type, shape: shape) { body in
            try bytes.withUnsafeBytes { bytes in
              crc.update(bytes)
              try body(bytes)
            }
          })
      }
      if !dataset.classNames.isEmpty {
        let labels = images.flatMap { image in
          withUnsafeBytes(of: Int32(dataset.label(at: image) ?? -1).littleEndian, Array.init)
        }
        add(PackedShard.labels, .int32, [images.count], labels)
      }
      items.append(
        SafetensorsItem(
          name: PackedShard.pixels, type: .uint8, shape: [images.count, shape.height, shape.width, shape.channels]
        ) { body in
          try forEachChunk(of: images, in: dataset) { bytes, count in
            try bytes.withUnsafeBytes { bytes in
              crc.update(bytes)
              try body(bytes)
            }
            try progress(count)
          }
        })
      let names = dataset.attributeNames
      if !names.isEmpty {
        let states = images.flatMap { image in
          names.indices.map { AttributeTable.State(dataset.attribute($0, at: image)).rawValue }
        }
        add(PackedShard.attributes, .uint8, [images.count, names.count], states)
      }
      try SafetensorsWriter.write(items, metadata: ["format": PackedIndex.format], to: url)
    }
    return crc.value
  }

  /// The pixels of some images after another, read ahead by the workers.
  private func forEachChunk(
    of images: Range<Int>, in dataset: any ImageDataset, _ body: (_ bytes: [UInt8], _ count: Int) throws -> Void
  ) throws {
    let size = dataset.shape.elementCount
    let chunkImages = max(1, (1 << 20) / size)
    let chunkCount = (images.count + chunkImages - 1) / chunkImages
    let chunks = OrderedPrefetcher(count: chunkCount, ahead: 2 * workers, workers: workers) { number in
      let first = images.lowerBound + number * chunkImages
      let chunk = first..<min(first + chunkImages, images.upperBound)
      return try [UInt8](unsafeUninitializedCapacity: chunk.count * size) { buffer, initialized in
        for image in chunk {
          try dataset.copyPixels(
            at: image, to: UnsafeMutableBufferPointer(rebasing: buffer[initialized..<initialized + size]))
          initialized += size
        }
      }
    }
    defer { chunks.close() }
    while let chunk = try chunks.next() { try body(chunk, chunk.count / size) }
  }

  private func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}

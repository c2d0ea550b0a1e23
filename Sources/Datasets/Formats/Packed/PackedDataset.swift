import Foundation
import Safetensors

/// A split of a packed data set: safetensors shards that `glow data pack` (``PackedWriter``) wrote, read as images are asked
/// for: of a set of any size only so many shards are open at a time, and nothing is kept of an image.
///
/// A shard holds `pixels`, uint8 `[images, height, width, channels]`; where there are labels `labels`, int32
/// `[images]`; where there are attributes `attributes`, uint8 `[images, attributes]` of 0 (no), 1 (yes) or 255 (not
/// known). `dataset.json` beside them says the rest.
public struct PackedDataset: ImageDataset {
  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public var count: Int { images.count }
  public let classNames: [String]
  public let attributeNames: [String]
  public internal(set) var notes: [String] = []
  let shards: OpenShards
  private let shardPaths: [String]
  private let images: PartLookup

  /// About as many bytes of neighboring images are read together.
  static let blockBytes = 256 << 10

  /// Reads the index, and the headers and labels of the split's shards where they are few; those of many when their images
  /// are asked for.
  ///
  /// - Throws: `DatasetError` or `SafetensorsError`, naming the file and the field.
  public init(directory: URL, split: DatasetSplit) throws {
    try self.init(directory: directory, split: split, open: 512)
  }

  /// - Parameter open: the most shards open at a time.
  init(directory: URL, split: DatasetSplit, open limit: Int) throws {
    let index = try PackedIndex(of: directory)
    guard let listed = index.splits[split.rawValue], !listed.isEmpty else {
      throw DatasetError.missingSplit(folder: directory.path, split: split, found: index.splits.keys.sorted())
    }
    name = index.name
    self.split = split
    shape = index.shape
    classNames = index.classes
    attributeNames = index.attributes
    shards = OpenShards(limit: limit) {
      try PackedShard(listed[$0], of: index, in: directory, checkingLabels: $1)
    }
    images = PartLookup(listed.map(\.images))
    shardPaths = listed.map { directory.appendingPathComponent($0.file).path }
    let isSmall = listed.count <= limit && images.count <= DatasetFingerprint.mostLabels
    for number in isSmall ? listed.indices : 0..<1 { try shards.with(number) { _ in } }
  }

  public var shuffleBlock: Int? { Self.shuffleBlock(of: shape) }

  /// For images of this shape that lie one behind the other.
  static func shuffleBlock(of shape: ImageShape) -> Int { shuffleBlock(ofBytes: shape.elementCount) }

  /// For images that take so many bytes each.
  static func shuffleBlock(ofBytes byteCount: Int) -> Int { max(1, blockBytes / byteCount) }

  /// The label of image `index`.
  /// - Returns: nil also for an image whose shard cannot be read, which reading its pixels reports.
  public func label(at index: Int) -> Int? {
    guard !classNames.isEmpty else { return nil }
    let (shard, image) = images.place(of: index)
    return try? shards.with(shard) { try $0.label(at: image) }
  }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? {
    precondition(attributeNames.indices.contains(attribute), "attribute \(attribute) of \(attributeNames.count)")
    let (shard, image) = images.place(of: index)
    return try? shards.with(shard) { try $0.attribute(attribute, of: attributeNames.count, at: image) }
  }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let (shard, image) = images.place(of: index)
    try shards.with(shard) { try $0.copyPixels(at: image, to: buffer, count: shape.elementCount) }
  }
}

extension PackedDataset: IntegrityChecking {
  func integrityChecks() -> [IntegrityCheck] {
    shardPaths.enumerated().map { number, path in
      IntegrityCheck(file: path) { try shards.with(number) { try $0.checkBytes() } }
    }
  }
}

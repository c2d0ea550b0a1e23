import Foundation
import Torch

/// A split of a packed data set: safetensors shards that `glow data pack` (``PackedWriter``) wrote, mapped into memory,
/// so that a set may be larger than it.
///
/// A shard holds `pixels`, uint8 `[images, height, width, channels]`; where there are labels `labels`, int32
/// `[images]`; where there are attributes `attributes`, uint8 `[images, attributes]` of 0 (no), 1 (yes) or 255 (not
/// known). `dataset.json` beside them says the rest.
public struct PackedDataset: ImageDataset {
  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  public let count: Int
  public let classNames: [String]
  public let attributeNames: [String]
  private let shards: [PackedShard]
  /// The first image of each shard.
  private let firsts: [Int]

  /// About as many bytes of neighbouring images are read together.
  static let blockBytes = 256 << 10

  /// Reads the index and the headers and labels of the split's shards.
  ///
  /// - Throws: `DatasetError` or `SafetensorsError`, naming the file and the field.
  public init(directory: URL, split: DatasetSplit) throws {
    let index = try PackedIndex(of: directory)
    guard let listed = index.splits[split.rawValue], !listed.isEmpty else {
      throw DatasetError.missingSplit(folder: directory.path, split: split, found: index.splits.keys.sorted())
    }
    name = index.name
    self.split = split
    shape = index.shape
    classNames = index.classes
    attributeNames = index.attributes
    shards = try listed.map { try PackedShard($0, of: index, in: directory) }
    var firsts: [Int] = []
    var count = 0
    for shard in shards {
      firsts.append(count)
      count += shard.count
    }
    self.firsts = firsts
    self.count = count
  }

  public var shuffleBlock: Int? { Self.shuffleBlock(of: shape) }

  /// For images of this shape that lie one behind the other.
  static func shuffleBlock(of shape: ImageShape) -> Int { max(1, blockBytes / shape.elementCount) }

  public func label(at index: Int) -> Int? {
    guard !classNames.isEmpty else { return nil }
    let (shard, image) = place(of: index)
    return shard.label(at: image)
  }

  public func attribute(_ attribute: Int, at index: Int) -> Bool? {
    precondition(attributeNames.indices.contains(attribute), "attribute \(attribute) of \(attributeNames.count)")
    let (shard, image) = place(of: index)
    return shard.attribute(attribute, of: attributeNames.count, at: image)
  }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    let (shard, image) = place(of: index)
    try shard.copyPixels(at: image, to: buffer, count: shape.elementCount)
  }

  private func place(of index: Int) -> (shard: PackedShard, image: Int) {
    precondition((0..<count).contains(index), "image \(index) is outside 0..<\(count)")
    let number = firsts.partitioningIndex { $0 > index } - 1
    return (shards[number], index - firsts[number])
  }
}

extension PackedDataset: IntegrityChecking {
  func integrityChecks() -> [IntegrityCheck] {
    shards.map { shard in IntegrityCheck(file: shard.path) { try shard.checkBytes() } }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `isSecondPart`, where those that do not all come first.
  func partitioningIndex(where isSecondPart: (Element) -> Bool) -> Int {
    var range = startIndex..<endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = isSecondPart(self[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return range.lowerBound
  }
}

import Datasets
import Foundation
import Torch

/// The index of a packed data set; its shards are whole.
struct PackedIndexFuzzing: FuzzedParser {
  static let name = "packed-index"
  private let folder: URL

  init(folder: URL) throws {
    self.folder = folder
    try PackedShardFuzzing.writeShard(to: folder.appending(path: PackedShardFuzzing.shard))
  }

  func seeds() -> [[UInt8]] { [PackedShardFuzzing.index] }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "dataset.json").write(bytes)
    try PackedDataset(directory: folder, split: .train).readAll()
  }
}

/// A shard of a packed data set; its index is whole.
struct PackedShardFuzzing: FuzzedParser {
  static let name = "packed-shard"
  fileprivate static let shard = "a.safetensors"
  fileprivate static let index = Array(
    """
    {"format": "swift-glow packed images", "version": 1, "name": "a", "height": 1, "width": 2, "channels": 1,
    "classes": ["x", "y"], "attributes": ["z"],
    "splits": {"train": [{"file": "a.safetensors", "images": 2, "crc32c": 7}], "test": []}}
    """.utf8)
  private let folder: URL

  init(folder: URL) throws {
    self.folder = folder
    try folder.appending(path: "dataset.json").write(Self.index)
  }

  func seeds() throws -> [[UInt8]] {
    [try Self.writeShard(to: folder.appending(path: "seed"))]
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: Self.shard).write(bytes)
    try PackedDataset(directory: folder, split: .train).readAll()
  }

  @discardableResult
  fileprivate static func writeShard(to url: URL) throws -> [UInt8] {
    try url.afterWriting(
      [
        item("labels", .int32, [2], [1, 0, 0, 0, 0, 0, 0, 0]), item("pixels", .uint8, [2, 1, 2, 1], [1, 2, 3, 4]),
        item("attributes", .uint8, [2, 1], [1, 255]),
      ], metadata: [:])
  }
}

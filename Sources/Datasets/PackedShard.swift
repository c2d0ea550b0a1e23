import Files
import Foundation
import Torch

/// One shard of a packed data set.
struct PackedShard: Sendable {
  let count: Int
  private let file: SafetensorsFile
  private let crc32c: UInt32

  /// The names of the tensors, in the order of a file.
  static let (labels, pixels, attributes) = ("labels", "pixels", "attributes")

  var path: String { file.path }

  init(_ entry: PackedIndex.Shard, of index: PackedIndex, in folder: URL) throws {
    file = try SafetensorsFile(contentsOf: folder.appendingPathComponent(entry.file))
    count = entry.images
    crc32c = entry.crc32c
    try require(Self.pixels, .uint8, [count, index.height, index.width, index.channels])
    if !index.attributes.isEmpty { try require(Self.attributes, .uint8, [count, index.attributes.count]) }
    guard !index.classes.isEmpty else { return }
    try require(Self.labels, .int32, [count])
    let wrong = try file.withBytes(of: Self.labels) { bytes in
      (0..<count).lazy.map { Self.label(at: $0, in: bytes) }.enumerated()
        .first { !index.classes.indices.contains($1) }
    }
    if let (image, label) = wrong {
      throw DatasetError.wrongField(
        file: path, field: "label of image \(image)", expected: "0 to \(index.classes.count - 1)", found: "\(label)")
    }
  }

  func label(at image: Int) -> Int? {
    // Bytes that were there on opening are gone only from a file cut since, which reading the pixels reports.
    try? file.withBytes(of: Self.labels) { Self.label(at: image, in: $0) }
  }

  func attribute(_ attribute: Int, of attributeCount: Int, at image: Int) -> Bool? {
    let byte = try? file.withBytes(of: Self.attributes) { $0[image * attributeCount + attribute] }
    return byte.flatMap(AttributeTable.State.init(rawValue:))?.isYes
  }

  func copyPixels(at image: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, count: Int) throws {
    try file.withBytes(of: Self.pixels) { bytes in
      UnsafeMutableRawBufferPointer(buffer)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[image * count..<(image + 1) * count]))
    }
  }

  /// - Throws: `DatasetError.wrongChecksum` when the bytes are not those that were written.
  func checkBytes() throws {
    var crc = CRC32C()
    for name in file.names { try file.withBytes(of: name) { crc.update($0) } }
    guard crc.value == crc32c else {
      throw DatasetError.wrongChecksum(
        file: path, kind: "CRC-32C", expected: hexadecimal(crc32c), found: hexadecimal(crc.value))
    }
  }

  private func require(_ name: String, _ type: SafetensorsType, _ shape: [Int]) throws {
    let entry = try file.entry(name)
    guard entry.type == type, entry.shape == shape else {
      throw DatasetError.wrongField(
        file: path, field: "tensor \(name)", expected: "\(type.rawValue) \(shape) by \(PackedIndex.fileName)",
        found: "\(entry.type.rawValue) \(entry.shape)")
    }
  }

  private static func label(at image: Int, in bytes: UnsafeRawBufferPointer) -> Int {
    Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * image, as: Int32.self)))
  }
}

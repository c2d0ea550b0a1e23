import Files
import Foundation
import Safetensors

/// One shard of a packed data set.
///
/// It is read and not mapped: what a remote mount cannot give is an error then.
struct PackedShard: Sendable {
  let count: Int
  private let file: SafetensorsFile
  private let crc32c: UInt32

  /// The names of the tensors, in the order of a file.
  static let (labels, pixels, attributes) = ("labels", "pixels", "attributes")

  var path: String { file.path }

  /// - Parameter checkingLabels: whether to look at the labels too, and not only at what there is.
  init(_ entry: PackedIndex.Shard, of index: PackedIndex, in folder: URL, checkingLabels: Bool = true) throws {
    file = try SafetensorsFile(contentsOf: folder.appendingPathComponent(entry.file), isMapped: false)
    count = entry.images
    crc32c = entry.crc32c
    try require(Self.pixels, .uint8, [count, index.height, index.width, index.channels])
    if !index.attributes.isEmpty { try require(Self.attributes, .uint8, [count, index.attributes.count]) }
    guard !index.classes.isEmpty else { return }
    try require(Self.labels, .int32, [count])
    guard checkingLabels else { return }
    let wrong = try file.withBytes(of: Self.labels) { bytes in
      (0..<count).lazy.map { Self.label(at: $0, in: bytes) }.enumerated()
        .first { !index.classes.indices.contains($1) }
    }
    if let (image, label) = wrong {
      throw DatasetError.wrongField(
        file: path, field: "label of image \(image)", expected: "0 to \(index.classes.count - 1)", found: "\(label)")
    }
  }

  func label(at image: Int) throws -> Int {
    var label: Int32 = 0
    try withUnsafeMutableBytes(of: &label) { try file.copyBytes(of: Self.labels, 4 * image..<4 * image + 4, to: $0) }
    return Int(Int32(littleEndian: label))
  }

  func attribute(_ attribute: Int, of attributeCount: Int, at image: Int) throws -> Bool? {
    var state: UInt8 = 0
    let place = image * attributeCount + attribute
    try withUnsafeMutableBytes(of: &state) { try file.copyBytes(of: Self.attributes, place..<place + 1, to: $0) }
    return AttributeTable.State(rawValue: state)?.isYes
  }

  func copyPixels(at image: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, count: Int) throws {
    try file.copyBytes(
      of: Self.pixels, image * count..<(image + 1) * count,
      to: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
  }

  /// - Throws: `DatasetError.wrongChecksum` when the bytes are not those that were written.
  func checkBytes() throws {
    var crc = CRC32C()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
    defer { buffer.deallocate() }
    for name in file.names {
      let size = try file.entry(name).byteRange.count
      for start in stride(from: 0, to: size, by: buffer.count) {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - start)])
        try file.copyBytes(of: name, start..<start + part.count, to: part)
        crc.update(UnsafeRawBufferPointer(part))
      }
    }
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

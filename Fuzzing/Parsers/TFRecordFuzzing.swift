import Datasets
import Foundation

/// Shards with labels and attributes.
struct TFRecordFuzzing: FuzzedParser {
  static let name = "tfrecord"
  private let folder: URL

  init(folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder.appending(path: "test"), withIntermediateDirectories: true)
  }

  func seeds() -> [[UInt8]] {
    let attributes = (0..<40).map { [1, 0, -1][$0 % 3] }
    let example = message(
      1,
      [
        ("shape", integers([2, 2, 1])), ("label", integers([3])), ("attr", integers(attributes)),
        ("data", message(1, message(1, [1, 2, 3, 4]))),
      ].flatMap { key, feature in message(1, message(1, Array(key.utf8)) + message(2, feature)) })
    return [record(example), record(example) + record(example)]
  }

  /// Also with the checksums that the lengths and the data of the records ask for.
  func files(from bytes: [UInt8]) -> [[UInt8]] {
    var (repaired, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes[...])
    while rest.count >= 16 {
      let length = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let data = rest.dropFirst(12).prefix(Int(min(length, UInt64(rest.count - 16))))
      repaired += littleEndian(length) + checksum(littleEndian(length)) + data + checksum(Array(data))
      rest = rest.dropFirst(16 + data.count)
    }
    return [bytes, repaired + rest]
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "test/a.tfrecords").write(bytes)
    try TFRecordDataset(directory: folder, split: .test, classes: 10, hasAttributes: true).readAll()
  }

  private func record(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    return length + checksum(length) + data + checksum(data)
  }

  private func checksum(_ bytes: [UInt8]) -> [UInt8] {
    let crc = crc32c(bytes)
    return littleEndian((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
  }

  /// A field of a protocol buffer that holds bytes.
  private func message(_ field: UInt8, _ contents: [UInt8]) -> [UInt8] {
    [field << 3 | 2] + varint(UInt64(contents.count)) + contents
  }

  private func integers(_ values: [Int]) -> [UInt8] {
    message(3, message(1, values.flatMap { varint(UInt64(bitPattern: Int64($0))) }))
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }
}

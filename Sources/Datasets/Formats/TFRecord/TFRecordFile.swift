import Files
import Foundation

/// A file of ``TFRecord``s.
///
/// The file stays on the disk; where its records begin is kept, 8 bytes a record. It is open only while it is read, for
/// the released program cut sets into thousands of shards, more than a process may have open.
final class TFRecordFile: Sendable {
  let path: String
  /// The start of each record, and the end of the last.
  private let offsets: [Int]

  var count: Int { offsets.count - 1 }

  /// Walks over the lengths of the records and verifies their checksums.
  ///
  /// - Throws: `DatasetError`, naming the file and the record.
  init(reading url: URL) throws {
    path = url.path
    offsets = try Self.offsets(of: OpenedFile.opening(path))
  }

  /// The data of record `index`, its checksum verified.
  func record(at index: Int) throws -> [UInt8] {
    let start = offsets[index] + TFRecord.headerBytes
    let count = offsets[index + 1] - start - TFRecord.footerBytes
    var bytes = try OpenedFile.opening(path).read(
      at: start, count: count + TFRecord.footerBytes, field: "record \(index)")
    let stored = Self.integer(bytes[count...])
    bytes.removeLast(TFRecord.footerBytes)
    try Self.verify(bytes, UInt32(stored), path, "data of record \(index)")
    return bytes
  }

  private static func offsets(of file: OpenedFile) throws -> [Int] {
    let (path, size) = (file.path, file.byteCount)
    var offsets = [0]
    while let start = offsets.last, start < size {
      let number = offsets.count - 1
      guard size - start >= TFRecord.headerBytes else {
        throw DatasetError.truncated(
          file: path, field: "length of record \(number)", expectedBytes: start + TFRecord.headerBytes,
          foundBytes: size)
      }
      let header = try file.read(at: start, count: TFRecord.headerBytes, field: "record \(number)")
      try verify(Array(header[..<8]), UInt32(integer(header[8...])), path, "length of record \(number)")
      let length = integer(header[..<8])
      let rest = size - start - TFRecord.headerBytes - TFRecord.footerBytes
      guard rest >= 0, length <= UInt64(rest) else {
        throw DatasetError.truncated(
          file: path, field: "record \(number)",
          expectedBytes: Int(
            clamping: length.addingReportingOverflow(UInt64(start + TFRecord.headerBytes + TFRecord.footerBytes))
              .partialValue), foundBytes: size)
      }
      offsets.append(start + TFRecord.headerBytes + Int(length) + TFRecord.footerBytes)
    }
    return offsets
  }

  private static func verify(_ bytes: [UInt8], _ stored: UInt32, _ path: String, _ field: String) throws {
    let found = TFRecord.checksum(bytes)
    guard found == stored else {
      throw DatasetError.wrongChecksum(
        file: path, kind: "CRC-32C of the \(field)", expected: hexadecimal(stored), found: hexadecimal(found))
    }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

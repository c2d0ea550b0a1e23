import Files
import Foundation

/// A file of ``TFRecord``s.
///
/// The file stays on the disk; where its records begin is kept, 8 bytes a record. It is open only while it is read, for
/// the released program cut sets into thousands of shards, more than a process may have open.
final class TFRecordFile: Sendable {
  let path: String
  /// Of each record; and the end of the last.
  private let offsets: [Int]

  var count: Int { offsets.count - 1 }

  /// Walks over the lengths of the records and verifies their checksums.
  ///
  /// - Throws: `DatasetError`, naming the file and the record.
  init(reading url: URL) throws {
    let path = url.path
    self.path = path
    offsets = try Self.open(path) { try Self.offsets($0, path) }
  }

  /// The data of record `index`, its checksum verified.
  func record(at index: Int) throws -> [UInt8] {
    let start = offsets[index] + TFRecord.headerBytes
    let count = offsets[index + 1] - start - TFRecord.footerBytes
    var bytes = try Self.open(path) {
      try Self.read($0, at: start, count: count + TFRecord.footerBytes, path, "record \(index)")
    }
    let stored = Self.integer(bytes[count...])
    bytes.removeLast(TFRecord.footerBytes)
    try Self.verify(bytes, UInt32(stored), path, "data of record \(index)")
    return bytes
  }

  private static func open<Result>(_ path: String, _ body: (Int32) throws -> Result) throws -> Result {
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError.unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    return try body(descriptor)
  }

  private static func offsets(_ descriptor: Int32, _ path: String) throws -> [Int] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw DatasetError.unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    let size = Int(status.st_size)
    var offsets = [0]
    while let start = offsets.last, start < size {
      let number = offsets.count - 1
      guard size - start >= TFRecord.headerBytes else {
        throw DatasetError.truncated(
          file: path, field: "length of record \(number)", expectedBytes: start + TFRecord.headerBytes,
          foundBytes: size)
      }
      let header = try read(descriptor, at: start, count: TFRecord.headerBytes, path, "record \(number)")
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

  private static func read(
    _ descriptor: Int32, at offset: Int, count: Int, _ path: String, _ field: String
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let step = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
        guard step >= 0 || errno == EINTR else {
          throw DatasetError.unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        guard step != 0 else {
          throw DatasetError.truncated(
            file: path, field: field, expectedBytes: offset + count, foundBytes: offset + done)
        }
        done += max(0, step)
      }
    }
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

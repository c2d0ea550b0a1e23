import CImageCodecs
import Files
import Foundation

/// A whole input file in memory, unpacked if it is gzip, that reads fields and names itself in errors.
struct InputFile {
  let path: String
  let bytes: [UInt8]

  /// Unpacked files may be this large: above every data set read here, below what would exhaust a small machine.
  static let unpackedLimit = 8 << 30

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// - Throws: `DatasetError`, naming the file.
  init(reading url: URL, adviceIfMissing: String) throws {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw DatasetError.missingFile(file: url.path, advice: adviceIfMissing)
    }
    let contents: [UInt8]
    do {
      contents = try Array(Data(contentsOf: url))
    } catch {
      throw DatasetError.unreadable(file: url.path, reason: error.systemReason)
    }
    try self.init(unpacking: contents, path: url.path)
  }

  /// A file whose bytes are in memory, unpacked if they are gzip.
  ///
  /// - Throws: `DatasetError.damagedGzip`.
  init(unpacking contents: [UInt8], path: String) throws {
    let isGzip = contents.starts(with: [0x1F, 0x8B])
    self.init(path: path, bytes: isGzip ? try Self.unpack(contents, path: path) : contents)
  }

  /// The big-endian 32-bit integer at byte `offset`.
  ///
  /// - Throws: `DatasetError.truncated`, naming `field`.
  func bigEndianInteger(at offset: Int, field: String) throws -> Int {
    guard bytes.count >= offset + 4 else {
      throw DatasetError.truncated(file: path, field: field, expectedBytes: offset + 4, foundBytes: bytes.count)
    }
    return bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func unpack(_ packed: [UInt8], path: String) throws -> [UInt8] {
    var output = cic_buffer()
    defer { cic_buffer_free(&output) }
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let status = cic_gzip_inflate(packed, packed.count, unpackedLimit, &output, &message)
    guard status == CIC_OK else {
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw DatasetError.damagedGzip(file: path, reason: String(decoding: text, as: UTF8.self))
    }
    return Array(UnsafeBufferPointer(start: output.bytes, count: output.count))
  }
}

import CImageCodecs
import Foundation

/// The pictures' names in one list: of each how many bytes it shares with the one before, and the others, all of it by gzip.
enum NameList {
  private static let mostBytes = 1 << 30

  static func packed(_ names: [String]) throws -> [UInt8] {
    var (writer, before) = (ByteWriter(), [UInt8]())
    for name in names {
      let bytes = Array(name.utf8)
      let shared = zip(before, bytes).prefix { $0 == $1 }.count
      writer.append(varying: shared)
      writer.append(varying: bytes.count - shared)
      writer.append(bytes[shared...])
      before = bytes
    }
    return try gzip(writer.bytes) { cic_gzip_deflate($0, $1, $2, $3) }
  }

  static func unpacked(_ bytes: [UInt8], count: Int) throws -> [String] {
    var reader = ByteReader(try gzip(bytes) { cic_gzip_inflate($0, $1, mostBytes, $2, $3) })
    var (names, before) = ([String](), [UInt8]())
    for _ in 0..<count {
      let shared = try reader.varying(upTo: before.count)
      let more = try reader.varying(upTo: reader.remaining)
      before = Array(before.prefix(shared)) + (try reader.take(more))
      guard let name = String(validating: before, as: UTF8.self), isSafe(name) else {
        throw Damage("holds a name that is no path below a folder")
      }
      names.append(name)
    }
    guard reader.remaining == 0 else { throw Damage("holds more names than pictures") }
    return names
  }

  /// Whether a name stays below the folder to which it is written.
  static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && !name.contains("\0") && !name.hasPrefix("/")
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
  }

  private static func gzip(
    _ bytes: [UInt8],
    _ body: (UnsafePointer<UInt8>, Int, UnsafeMutablePointer<cic_buffer>, UnsafeMutablePointer<CChar>) -> cic_status
  ) throws -> [UInt8] {
    var output = cic_buffer()
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    guard body(bytes, bytes.count, &output, &message) == CIC_OK else { throw Damage("holds names that are damaged") }
    defer { cic_buffer_free(&output) }
    return Array(UnsafeBufferPointer(start: output.bytes, count: output.count))
  }
}

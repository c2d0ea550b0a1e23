import Files
import Foundation

/// The pictures of a split in one file: for each image a record at its own place, which says of which file it was made. What
/// was half written, or is of another picture, is as if it were not there; so threads, and processes that train together,
/// read and write without waiting for each other, and a run that goes on finds what it left.
final class PictureRecords: Sendable {
  private let descriptor: Int32
  private let count: Int
  private let size: Int

  /// The checksum and the mark, the stamp's three numbers.
  private static let headBytes = 4 * 8

  static func recordBytes(ofPixels size: Int) -> Int { headBytes + size }

  /// - Parameters:
  ///   - count: images 0 to this have a place.
  ///   - size: bytes of an image.
  /// - Returns: nil where the folder or the file cannot be made.
  init?(_ folder: URL, _ name: String, count: Int, size: Int) {
    (self.count, self.size) = (count, size)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    descriptor = withCPath(Array(folder.appending(path: name).path.utf8)) {
      open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    }
    guard descriptor >= 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Returns: whether the picture is there.
  func read(_ index: Int, _ stamp: FileStamp, _ mark: UInt32, to buffer: UnsafeMutableBufferPointer<UInt8>) -> Bool {
    guard index < count else { return false }
    return withUnsafeTemporaryAllocation(byteCount: Self.recordBytes(ofPixels: size), alignment: 8) { record in
      guard pread(descriptor, record.baseAddress!, record.count, place(of: index)) == record.count else { return false }
      let pixels = UnsafeRawBufferPointer(rebasing: record[Self.headBytes...])
      let head = Self.head(stamp, mark, pixels)
      guard head.indices.allSatisfy({ record.load(fromByteOffset: 8 * $0, as: UInt64.self) == head[$0] }) else {
        return false
      }
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: pixels)
      return true
    }
  }

  /// - Returns: false where the file cannot be written.
  func write(_ index: Int, _ stamp: FileStamp, _ mark: UInt32, _ pixels: UnsafeBufferPointer<UInt8>) -> Bool {
    guard index < count else { return true }
    return withUnsafeTemporaryAllocation(byteCount: Self.recordBytes(ofPixels: size), alignment: 8) { record in
      let head = Self.head(stamp, mark, UnsafeRawBufferPointer(pixels))
      for (place, word) in head.enumerated() { record.storeBytes(of: word, toByteOffset: 8 * place, as: UInt64.self) }
      UnsafeMutableRawBufferPointer(rebasing: record[Self.headBytes...]).copyMemory(
        from: UnsafeRawBufferPointer(pixels))
      return pwrite(descriptor, record.baseAddress!, record.count, place(of: index)) == record.count
    }
  }

  private func place(of index: Int) -> off_t { off_t(index * Self.recordBytes(ofPixels: size)) }

  private static func head(_ stamp: FileStamp, _ mark: UInt32, _ pixels: UnsafeRawBufferPointer) -> [UInt64] {
    let words =
      [UInt64(mark), UInt64(bitPattern: stamp.byteCount)]
      + [stamp.seconds, stamp.nanoseconds].map { UInt64(bitPattern: $0) }
    var crc = CRC32C()
    words.withUnsafeBytes { crc.update($0) }
    crc.update(pixels)
    return [words[0] << 32 | UInt64(crc.value)] + words[1...]
  }
}

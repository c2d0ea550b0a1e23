import Foundation

/// A file open for reading at any place, from any thread.
final class OpenedFile: Sendable {
  let path: String
  let byteCount: Int
  private let descriptor: Int32

  /// - Throws: `DatasetError.unreadable`, naming the file.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw DatasetError.unreadable(file: path, reason: reason)
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// - Throws: `DatasetError.truncated`, naming `field`, where the file ends before.
  func read(at offset: Int, count: Int, field: String) throws -> [UInt8] {
    guard offset >= 0, count <= byteCount, offset <= byteCount - count else {
      throw DatasetError.truncated(
        file: path, field: field, expectedBytes: Int(clamping: UInt(offset) + UInt(count)), foundBytes: byteCount)
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
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
}

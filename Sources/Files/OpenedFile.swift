import Foundation

/// A file open for reading at any place, from any thread, without a mapping: a read that fails is an error and no signal.
///
/// By the system's own calls: folders of pictures hold hundreds of thousands of files, and `FileHandle` doubles the time
/// to look into each.
package final class OpenedFile: Sendable {
  package let path: String
  /// When it was opened.
  package let byteCount: Int
  private let descriptor: Int32

  /// Why bytes could not be read.
  package enum Failure: Error {
    /// The file ends before; it has so many bytes.
    case ended(Int)
    case system(POSIXError)
  }

  /// - Parameter bytes: the path for the system where a name in it is not UTF-8; `path` is then for messages alone.
  /// - Throws: ``Failure/system(_:)`` for what cannot be opened, is a folder, or would block, such as a named pipe.
  package init(_ path: String, bytes: [UInt8]? = nil) throws(Failure) {
    self.path = path
    // Not to wait where the path is a named pipe.
    descriptor = withCPath(bytes ?? Array(path.utf8)) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      let error = POSIXError.last
      if descriptor >= 0 { close(descriptor) }
      throw .system(error)
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The kind of what was opened, for an error: nil for a regular file.
  package var irregularKind: String? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
    return status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device, pipe or socket"
  }

  /// The length that the file has now.
  package func currentLength() throws(Failure) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(POSIXError.last) }
    return Int(status.st_size)
  }

  /// Fills a buffer with the bytes from `offset` on.
  package func read(at offset: Int, to buffer: UnsafeMutableRawBufferPointer) throws(Failure) {
    var done = 0
    while done < buffer.count {
      let step = pread(descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30), off_t(offset + done))
      if step > 0 {
        done += step
      } else if step == 0 {
        throw .ended(offset + done)
      } else if errno != EINTR {
        throw .system(POSIXError.last)
      }
    }
  }

  /// A copy of some bytes.
  package func read(at offset: Int, count: Int) throws(Failure) -> [UInt8] {
    guard offset >= 0, count <= byteCount, offset <= byteCount - count else { throw .ended(byteCount) }
    do {
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        try read(
          at: offset, to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
        done = count
      }
    } catch let failure as Failure { throw failure } catch { preconditionFailure("\(error)") }
  }

  /// The whole file mapped into memory, which must not be empty.
  package func mapped() throws(Failure) -> UnsafeRawBufferPointer {
    let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw .system(POSIXError.last) }
    return UnsafeRawBufferPointer(start: address, count: byteCount)
  }
}

/// Runs a system call with a path of any bytes.
package func withCPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
  (path.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
}

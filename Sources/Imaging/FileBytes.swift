import Files
import Foundation

/// The first `limit` bytes of a file, or all. By the system's own calls: folders hold hundreds of thousands of files,
/// and `FileHandle` doubles the time to look into each.
///
/// - Throws: `ImagingError.missing` or `.unreadable`, naming the file.
func readBytes(of url: URL, atMost limit: Int = .max) throws -> [UInt8] {
  let path = url.path
  let descriptor = open(path, O_RDONLY)
  guard descriptor >= 0 else {
    throw errno == ENOENT
      ? ImagingError.missing(file: path) : .unreadable(file: path, reason: String(cString: strerror(errno)))
  }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    throw ImagingError.unreadable(file: path, reason: String(cString: strerror(errno)))
  }
  let size = min(limit, Int(status.st_size))
  return try [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
    while initialized < size {
      let count = read(descriptor, buffer.baseAddress! + initialized, size - initialized)
      guard count >= 0 else { throw ImagingError.unreadable(file: path, reason: String(cString: strerror(errno))) }
      if count == 0 { return }
      initialized += count
    }
  }
}

/// Writes to a temporary name in the same folder, then renames, so that a reader never meets half a file.
///
/// - Throws: `ImagingError.unwritable`, naming the file.
func writeAtomically(_ bytes: [UInt8], to url: URL) throws {
  do { try AtomicFile.store(bytes, at: url) } catch {
    throw ImagingError.unwritable(file: url.path, reason: error.systemReason)
  }
}

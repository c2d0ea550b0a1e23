import Files
import Foundation

/// The first `limit` bytes of a file, or all.
///
/// - Throws: `ImagingError.missing` or `.unreadable`, naming the file.
func readBytes(of url: URL, atMost limit: Int = .max) throws -> [UInt8] {
  let path = url.path
  func unreadable(_ error: POSIXError) -> ImagingError {
    error.code == .ENOENT ? .missing(file: path) : .unreadable(file: path, reason: error.systemReason)
  }
  do {
    let file = try OpenedFile(path)
    return try file.read(at: 0, count: min(limit, file.byteCount))
  } catch {
    switch error {
    case .system(let error): throw unreadable(error)
    case .ended(let byte):
      throw ImagingError.unreadable(file: path, reason: "it ended at byte \(byte) while it was read")
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

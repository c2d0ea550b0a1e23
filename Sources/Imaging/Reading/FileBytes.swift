import Files
import Foundation

/// A picture file open for reading. What fails is an `ImagingError.missing` or `.unreadable` that names it.
struct PictureFile: ByteSource {
  private let file: OpenedFile

  /// - Parameter bytes: as of ``OpenedFile``.
  init(_ path: String, bytes: [UInt8]? = nil) throws {
    do { file = try OpenedFile(path, bytes: bytes) } catch { throw Self.error(path, error) }
  }

  var path: String { file.path }

  var byteCount: Int { file.byteCount }

  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    do { return try file.read(at: offset, count: count) } catch { throw Self.error(file.path, error) }
  }

  /// The first `limit` bytes, or all.
  func head(_ limit: Int = .max) throws -> [UInt8] { try bytes(at: 0, count: min(limit, byteCount)) }

  private static func error(_ path: String, _ failure: OpenedFile.Failure) -> ImagingError {
    switch failure {
    case .system(let error) where error.code == .ENOENT: .missing(file: path)
    case .system(let error): .unreadable(file: path, reason: error.systemReason)
    case .ended(let byte): .unreadable(file: path, reason: "it ended at byte \(byte) while it was read")
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

import Files
import Foundation

/// A file that is written bit by bit under a temporary name in its folder and renamed at the end; let go before, it is
/// removed.
final class PartialFile {
  let url: URL
  /// Ends as the file itself does, for programs that go by that.
  let temporary: URL
  private var isDone = false

  init(for url: URL) {
    self.url = url
    temporary = url.deletingLastPathComponent()
      .appendingPathComponent(".\(UUID().uuidString).tmp.\(url.pathExtension)")
  }

  deinit { if !isDone { try? FileManager.default.removeItem(at: temporary) } }

  /// - Throws: `ImagingError.unwritable`, naming the file; so does what follows.
  func open() throws -> FileHandle {
    try naming {
      try Data().write(to: temporary)
      return try FileHandle(forWritingTo: temporary)
    }
  }

  func commit() throws {
    try naming {
      guard rename(temporary.path, url.path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
    isDone = true
  }

  func naming<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as ImagingError { throw error } catch {
      throw ImagingError.unwritable(file: url.path, reason: error.systemReason)
    }
  }
}

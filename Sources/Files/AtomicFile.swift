import Foundation

/// A file that appears under its name complete or not at all.
///
/// It is written under a temporary name in the same folder and renamed by ``commit()``. Where `url` is a symbolic link, the
/// link is replaced. What is no regular file, such as `/dev/stdout` or a pipe, is written to as it is. A file that is let go before is removed; only a process that is killed leaves one, whose name begins
/// with a dot and holds `.tmp`. Every failure is thrown as what the system said; ``Swift/Error/systemReason`` puts it in
/// words.
package final class AtomicFile {
  package let url: URL
  /// Where the bytes are until then. It has the extension of `url`, for programs that go by that.
  package let temporary: URL
  /// Whether the bytes are on the disk before the file gets its name, and the name before ``commit()`` returns.
  private let isDurable: Bool
  private var descriptor: Int32
  private var isCommitted = false
  /// Whether `url` is a device or a pipe, which is written to as it is.
  private let isStream: Bool

  /// Creates the temporary file.
  /// - Parameter durable: for what must survive a loss of power.
  package init(_ url: URL, durable: Bool = false) throws {
    self.url = url
    var info = stat()
    isStream = stat(url.path, &info) == 0 && ![S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT)
    isDurable = durable && !isStream
    temporary =
      isStream
      ? url
      : url.deletingLastPathComponent()
        .appending(path: ".\(UUID().uuidString).tmp" + (url.pathExtension.isEmpty ? "" : ".\(url.pathExtension)"))
    descriptor = open(temporary.path, isStream ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw POSIXError.last }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted && !isStream { unlink(temporary.path) }
  }

  package func append(_ bytes: some ContiguousBytes) throws { try bytes.withUnsafeBytes(append) }

  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      let count = write(descriptor, piece.baseAddress, piece.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        throw POSIXError.last
      }
    }
  }

  /// Gives the file its name, in the place of one that may be there.
  package func commit() throws {
    if isDurable { guard fsync(descriptor) == 0 else { throw POSIXError.last } }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw POSIXError.last }
    if !isStream { guard rename(temporary.path, url.path) == 0 else { throw POSIXError.last } }
    isCommitted = true
    if isDurable { try flushNames(in: url.deletingLastPathComponent()) }
  }

  /// Whether a name is that of a temporary file, such as one that a killed process left.
  package static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".") && name.dropFirst(37).hasPrefix(".tmp")
      && UUID(uuidString: String(name.dropFirst().prefix(36))) != nil
  }

  /// Writes a whole file.
  package static func store(_ bytes: some ContiguousBytes, at url: URL, durable: Bool = false) throws {
    let file = try AtomicFile(url, durable: durable)
    try file.append(bytes)
    try file.commit()
  }
}

extension POSIXError {
  /// The error of the system call that failed last in this thread.
  package static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}

/// Makes the names in a folder last. Where the folder may be written but not read, or its file system cannot flush
/// folders, this is left to the operating system.
package func flushNames(in folder: URL) throws {
  let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else {
    if errno == EACCES { return }
    throw POSIXError.last
  }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw POSIXError.last }
}

/// Puts what a file holds on the disk.
package func flush(_ file: URL) throws {
  let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw POSIXError.last }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw POSIXError.last }
}

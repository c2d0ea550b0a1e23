import Files
import Foundation

/// A nameless temporary file, mapped into memory: room for what does not fit there, gone with its last user.
final class MappedFile: @unchecked Sendable {
  private let address: UnsafeMutableRawPointer?
  let count: Int

  private init(address: UnsafeMutableRawPointer?, count: Int) {
    self.address = address
    self.count = count
  }

  deinit { if let address { munmap(address, count) } }

  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(start: address, count: count)[range])
  }

  /// Fills the file, which `mapped()` then makes readable.
  final class Writer {
    private let folder = FileManager.default.temporaryDirectory.path
    private let descriptor: Int32
    private var count = 0

    /// - Throws: `DatasetError.unwritable`, naming the folder for temporary files.
    init() throws {
      var name = Array((folder + "/glow-XXXXXX").utf8CString)
      descriptor = mkstemp(&name)
      guard descriptor >= 0 else {
        throw DatasetError.unwritable(path: folder, reason: String(cString: strerror(errno)))
      }
      unlink(name)
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        guard written > 0 || (written < 0 && errno == EINTR) else { throw failure() }
        if written > 0 { rest = rest.dropFirst(written) }
      }
      count += bytes.count
    }

    func mapped() throws -> MappedFile {
      guard count > 0 else { return MappedFile(address: nil, count: 0) }
      let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let address, address != MAP_FAILED else { throw failure() }
      return MappedFile(address: address, count: count)
    }

    private func failure() -> DatasetError {
      .unwritable(path: folder, reason: "\(String(cString: strerror(errno))); TMPDIR names another folder")
    }
  }
}

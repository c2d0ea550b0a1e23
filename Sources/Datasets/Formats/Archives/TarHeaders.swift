import CDataFormats
import Files
import Foundation

/// Walks over the headers of a tar file through libarchive. It is handed the file piece by piece and skips what lies
/// between the headers, so that it tells where the data of each member begins without reading them.
final class TarHeaders {
  struct Header {
    enum Kind {
      case file
      case folder
      /// To an earlier member of this name.
      case hardLink(String)
      case stray(TreeStray.Kind)
    }

    let name: String
    let kind: Kind
    /// Where the data begin in the file.
    let start: Int
    let byteCount: Int
  }

  private static let pieceBytes = 16 << 10
  private let file: OpenedFile
  private let archive: OpaquePointer
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
  private var position = 0
  private var failure: OpenedFile.Failure?

  /// - Throws: `DatasetError`, naming the file.
  init(of file: OpenedFile) throws {
    self.file = file
    guard let archive = archive_read_new() else { throw DatasetError.damagedTar(file: file.path, reason: "no memory") }
    self.archive = archive
    archive_read_support_format_tar(archive)
    // What follows the end of one tar file in another, as `cat` joins them, is read too.
    archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1")
    archive_read_set_format_option(archive, "tar", "mac-ext", nil)
    archive_read_set_callback_data(archive, Unmanaged.passUnretained(self).toOpaque())
    archive_read_set_read_callback(archive) { _, client, start in
      Unmanaged<TarHeaders>.fromOpaque(client!).takeUnretainedValue().readPiece(start!)
    }
    archive_read_set_skip_callback(archive) { _, client, count in
      Unmanaged<TarHeaders>.fromOpaque(client!).takeUnretainedValue().skip(count)
    }
    guard archive_read_open1(archive) == ARCHIVE_OK else { throw damage() }
  }

  deinit {
    archive_read_free(archive)
    piece.deallocate()
  }

  /// The next header; nil at the end of the file.
  func next() throws -> Header? {
    var entry: OpaquePointer?
    let status = archive_read_next_header(archive, &entry)
    if status == ARCHIVE_EOF { return nil }
    // A warning is of times, owners and character sets, which are not looked at here.
    guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry, let name = archive_entry_pathname(entry) else {
      throw damage()
    }
    return Header(
      name: Self.text(name), kind: Self.kind(of: entry), start: Int(archive_filter_bytes(archive, 0)),
      byteCount: Int(archive_entry_size(entry)))
  }

  private static func kind(of entry: OpaquePointer) -> Header.Kind {
    if let target = archive_entry_hardlink(entry), archive_entry_size(entry) == 0 { return .hardLink(text(target)) }
    switch mode_t(archive_entry_filetype(entry)) {
    case S_IFREG: return archive_entry_sparse_count(entry) > 0 ? .stray(.sparse) : .file
    case S_IFDIR: return .folder
    case S_IFLNK: return .stray(.archivedLink)
    default: return archive_entry_hardlink(entry) == nil ? .stray(.special) : .file
    }
  }

  private static func text(_ bytes: UnsafePointer<CChar>) -> String {
    pathText(UnsafeBufferPointer(start: bytes, count: strlen(bytes)).map { UInt8(bitPattern: $0) })
  }

  private func readPiece(_ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
    let count = min(piece.count, file.byteCount - position)
    start.pointee = UnsafeRawPointer(piece.baseAddress)
    do { try file.read(at: position, to: UnsafeMutableRawBufferPointer(rebasing: piece[..<count])) } catch {
      failure = error
      return Int(ARCHIVE_FATAL)
    }
    position += count
    return count
  }

  private func skip(_ count: Int64) -> Int64 {
    let count = min(count, Int64(file.byteCount - position))
    position += Int(count)
    return count
  }

  private func damage() -> DatasetError {
    switch failure {
    case .system(let error): return .unreadable(file: file.path, reason: error.systemReason)
    case .ended(let found):
      return .truncated(file: file.path, field: "headers", expectedBytes: file.byteCount, foundBytes: found)
    case nil:
      let reason = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
      return .damagedTar(file: file.path, reason: reason)
    }
  }
}

import CDataFormats
import Foundation

/// What a tar file may hold.
enum TarMember {
  case file(String, [UInt8])
  case folder(String)
  case hardLink(String, to: String)
  case symbolicLink(String, to: String)
  case pipe(String)
}

enum TarFormat: String, CaseIterable {
  case ustar
  case gnutar
  case pax
}

extension URL {
  /// Writes a tar file below this folder through libarchive.
  @discardableResult
  func writeTar(_ members: [TarMember], to path: String, format: TarFormat = .pax) throws -> URL {
    let url = appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let archive = archive_write_new()
    defer { archive_write_free(archive) }
    archive_write_set_format_by_name(archive, format.rawValue)
    precondition(archive_write_open_filename(archive, url.path) == ARCHIVE_OK)
    for member in members {
      let entry = archive_entry_new()
      defer { archive_entry_free(entry) }
      archive_entry_set_perm(entry, 0o644)
      var contents: [UInt8] = []
      func set(_ name: String, _ type: mode_t) {
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, UInt32(type))
      }
      switch member {
      case .file(let name, let bytes):
        set(name, S_IFREG)
        contents = bytes
      case .folder(let name): set(name, S_IFDIR)
      case .hardLink(let name, let target):
        set(name, S_IFREG)
        archive_entry_set_hardlink(entry, target)
      case .symbolicLink(let name, let target):
        set(name, S_IFLNK)
        archive_entry_set_symlink(entry, target)
      case .pipe(let name): set(name, S_IFIFO)
      }
      archive_entry_set_size(entry, Int64(contents.count))
      precondition(archive_write_header(archive, entry) >= ARCHIVE_WARN)
      if !contents.isEmpty { precondition(archive_write_data(archive, contents, contents.count) == contents.count) }
    }
    precondition(archive_write_close(archive) == ARCHIVE_OK)
    return url
  }

  @discardableResult
  func writeTar(_ files: [(name: String, bytes: [UInt8])], to path: String, format: TarFormat = .pax) throws -> URL {
    try writeTar(files.map { TarMember.file($0.name, $0.bytes) }, to: path, format: format)
  }
}

import Files
import Foundation

/// What a file that is given as a data set is, by its first bytes, and by its name where these say nothing.
enum ArchiveFormat: Equatable {
  case zip
  case tar
  /// Of `glow compress`.
  case coded
  /// An archive whose files cannot be read at random, the program that unpacks it, and what comes out; first the file has
  /// to have the name `rename`, if that is given.
  case packed(program: String, result: String, rename: String? = nil)

  /// - Returns: nil for what is no archive.
  /// - Throws: `DatasetError.unreadable`.
  init?(of url: URL) throws {
    let file = try OpenedFile.opening(url.path)
    let head = try file.read(at: 0, count: min(512, file.byteCount), field: "first bytes")
    self.init(head, name: url.lastPathComponent)
  }

  init?(_ head: [UInt8], name: String) {
    let small = name.lowercased()
    if head.starts(with: CodedArchives.mark) {
      self = .coded
    } else if head.starts(with: "PK\u{3}\u{4}".utf8) || head.starts(with: "PK\u{5}\u{6}".utf8) {
      self = .zip
    } else if head.dropFirst(257).starts(with: "ustar".utf8) {
      self = .tar
    } else if let packed = Self.packed(head, name) {
      self = packed
    } else if small.hasSuffix(".zip") {
      self = .zip
    } else if small.hasSuffix(".tar") {
      self = .tar
    } else {
      return nil
    }
  }

  private static func packed(_ head: [UInt8], _ name: String) -> Self? {
    let others: [(bytes: [UInt8], program: String)] = [
      (Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], "7z x"), (Array("Rar!".utf8), "unrar x"),
    ]
    if let other = others.first(where: { head.starts(with: $0.bytes) }) {
      return .packed(program: other.program, result: "the folder")
    }
    let packers: [(bytes: [UInt8], program: String, ending: String, short: String)] = [
      ([0x1F, 0x8B], "gunzip", ".gz", ".tgz"), ([0x28, 0xB5, 0x2F, 0xFD], "unzstd", ".zst", ".tzst"),
      ([0xFD] + "7zXZ".utf8, "unxz", ".xz", ".txz"), (Array("BZh".utf8), "bunzip2", ".bz2", ".tbz2"),
    ]
    guard let packer = packers.first(where: { head.starts(with: $0.bytes) }), let dot = name.lastIndex(of: ".") else {
      return nil
    }
    if [".tar", ".zip"].contains(name[dot...].lowercased()) {
      return .packed(program: packer.program, result: name, rename: name + packer.ending)
    }
    let stem = String(name[..<dot])
    if stem.lowercased().hasSuffix(".tar") { return .packed(program: packer.program, result: stem) }
    return name.lowercased().hasSuffix(packer.short) ? .packed(program: packer.program, result: stem + ".tar") : nil
  }
}

import Files
import Foundation

/// What a file that is given as a data set is, by its first bytes, and by its name where these say nothing.
enum ArchiveFormat: Equatable {
  case zip
  case tar
  /// A packed tar file, or an archive of another kind: the command that makes of it what can be read.
  case unpackable(command: String)

  /// - Returns: nil for what is no archive.
  /// - Throws: `DatasetError.unreadable`.
  init?(of url: URL) throws {
    let file = try OpenedFile.opening(url.path)
    let head = try file.read(at: 0, count: min(Self.headBytes, file.byteCount), field: "first bytes")
    guard let format = Self(head, url.lastPathComponent) else { return nil }
    self = format
  }

  private static let headBytes = 512

  init?(_ head: [UInt8], _ name: String) {
    let lower = name.lowercased()
    func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    /// What a program that unpacks in place leaves: `photos.tar` of `photos.tar.gz` and of `photos.tgz`.
    func unpacked(by program: String) -> Self {
      .unpackable(command: "\(program) \(name)")
    }
    if begins(Array("PK\u{3}\u{4}".utf8)) || begins(Array("PK\u{5}\u{6}".utf8)) {
      self = .zip
    } else if head.dropFirst(257).starts(with: "ustar".utf8) {
      self = .tar
    } else if begins([0x1F, 0x8B]) && (lower.hasSuffix(".tgz") || lower.hasSuffix(".tar.gz")) {
      self = unpacked(by: "gunzip")
    } else if begins([0x28, 0xB5, 0x2F, 0xFD]) {
      self = unpacked(by: "unzstd")
    } else if begins([0xFD] + "7zXZ".utf8) {
      self = unpacked(by: "unxz")
    } else if begins(Array("BZh".utf8)) {
      self = unpacked(by: "bunzip2")
    } else if begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) {
      self = .unpackable(command: "7z x -ophotos \(name)")
    } else if begins(Array("Rar!".utf8)) {
      self = .unpackable(command: "unrar x \(name)")
    } else if lower.hasSuffix(".zip") {
      self = .zip
    } else if lower.hasSuffix(".tar") {
      self = .tar
    } else {
      return nil
    }
  }
}

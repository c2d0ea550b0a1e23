/// A file within an archive.
struct ArchiveMember: Sendable {
  /// As the archive has it, without `./` before it.
  var name: String
  /// Where its bytes are: an offset or a number, as the archive's reader needs it.
  var place: Int
  var byteCount: Int

  /// Larger files are not read as pictures.
  static let largestByteCount = 1 << 30
}

/// The files of an archive, in the order in which they lie there.
struct ArchiveContents: Sendable {
  private(set) var members: [ArchiveMember] = []
  /// What cannot be used.
  private(set) var strays: [TreeStray] = []

  mutating func append(_ name: String, place: Int, byteCount: Int) {
    guard let plain = Self.plain(name) else { return leaveOut(name, .outside) }
    guard !plain.isEmpty else { return leaveOut("\"\(name)\"", .nameless) }
    members.append(ArchiveMember(name: plain, place: place, byteCount: byteCount))
  }

  mutating func leaveOut(_ name: String, _ kind: TreeStray.Kind) { strays.append(TreeStray(path: name, kind: kind)) }

  /// A name without a leading slash, empty parts and `.`; nil where a part is `..`, which would lead out of the archive.
  static func plain(_ name: String) -> String? {
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    func isDots(_ part: Substring.UTF8View, _ count: Int) -> Bool {
      part.elementsEqual(repeatElement(0x2E, count: count))
    }
    guard parts.contains(where: { $0.isEmpty || isDots($0, 1) || isDots($0, 2) }) else { return name }
    guard !parts.contains(where: { isDots($0, 2) }) else { return nil }
    return parts.filter { !$0.isEmpty && !isDots($0, 1) }.map { String(Substring($0)) }.joined(separator: "/")
  }
}

/// An archive whose files are read at random, from any thread.
protocol Archive: Sendable {
  var path: String { get }
  var contents: ArchiveContents { get }

  /// The first bytes of a file, all of it where it has no more than `limit`.
  ///
  /// - Throws: `DatasetError`, naming the archive and the file.
  func read(_ member: ArchiveMember, atMost limit: Int) throws -> [UInt8]
}

extension Archive {
  /// What a file is called in messages.
  func title(of name: String) -> String { "\(path): \(name)" }

  /// - Throws: `DatasetError` for a file that is larger than any picture.
  func requireSaneSize(_ member: ArchiveMember) throws {
    guard member.byteCount <= ArchiveMember.largestByteCount else {
      throw DatasetError.unreadable(
        file: title(of: member.name),
        reason: "it has \(member.byteCount) bytes; pictures of up to \(ArchiveMember.largestByteCount) are read")
    }
  }
}

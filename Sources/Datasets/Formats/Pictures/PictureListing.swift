import Imaging

/// What of a tree are pictures to use, by the endings of their names, and what is left out and why.
struct PictureListing: Sendable {
  let tree: any FileTree
  /// PNG, JPEG and WebP, in order.
  let pictures: [String]
  /// Pictures of other formats.
  let unread: [String]
  /// Pictures whose name, or that of a folder they are in, begins with a dot, and what macOS adds to archives.
  let hidden: [String]
  /// Files that are pictures by their first bytes, and have no ending that says so.
  let misnamed: [String]
  /// Folders that Glow wrote.
  let own: OwnFolders
  /// Files that are no pictures.
  let others: [String]

  private static let read = Set(PictureExtensions.read)
  private static let unread = Set(PictureExtensions.unread)

  init(of tree: any FileTree) {
    self.tree = tree
    var own = OwnFolders(in: tree)
    var (pictures, unread, hidden) = ([String](), [String](), [String]())
    var (misnamed, others) = ([String](), [String]())
    for path in tree.paths {
      let ending = fileExtension(of: path)
      let isRead = Self.read.contains(ending)
      guard isRead || Self.unread.contains(ending) else {
        if isHidden(path) { continue }
        if Self.isMisnamed(path, ending, in: tree) { misnamed.append(path) } else { others.append(path) }
        continue
      }
      if isHidden(path) {
        hidden.append(path)
      } else if !own.count(path) {
        if isRead { pictures.append(path) } else { unread.append(path) }
      }
    }
    (self.pictures, self.unread, self.hidden) = (pictures, unread, hidden)
    (self.misnamed, self.own, self.others) = (misnamed, own, others)
  }

  static func isPicture(_ path: String) -> Bool {
    let ending = fileExtension(of: path)
    return read.contains(ending) || unread.contains(ending)
  }

  /// Looks at the first bytes of a file without an ending, or with one such as `jpg_large`, or with a number for one.
  private static func isMisnamed(_ path: String, _ ending: String, in tree: any FileTree) -> Bool {
    guard ending.allSatisfy(\.isNumber) || read.contains(where: { ending.hasPrefix($0) }),
      let bytes = try? tree.read(path, atMost: 16)
    else { return false }
    return PictureExtensions.areOfPicture(firstBytes: bytes)
  }
}

/// Whether a file is of those that a person does not see.
func isHidden(_ path: String) -> Bool {
  let parts = path.utf8.split(separator: UInt8(ascii: "/"))
  return parts.contains { $0.first == UInt8(ascii: ".") }
    || parts.dropLast().contains { $0.elementsEqual("__MACOSX".utf8) }
}

/// In small letters, without the dot; empty where there is none.
func fileExtension(of path: String) -> String {
  guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
  let ending = path[path.utf8.index(after: dot)...]
  return ending.utf8.contains(UInt8(ascii: "/")) ? "" : ending.lowercased()
}

/// The last part of a path.
func fileName(of path: String) -> Substring {
  path[(path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex)...]
}

/// The folder at the top that a file is in; nil for a file that lies loose.
func topFolder(of path: String) -> Substring? {
  path.utf8.firstIndex(of: UInt8(ascii: "/")).map { path[..<$0] }
}

/// A path relative to a folder, which ends with "/" or is empty; nil for what is not below it. By bytes: a name may begin
/// with a mark that would join the "/" before it.
func path(_ path: String, below folder: some StringProtocol) -> String? {
  guard path.utf8.starts(with: folder.utf8) else { return nil }
  return String(path[path.utf8.index(path.startIndex, offsetBy: folder.utf8.count)...])
}

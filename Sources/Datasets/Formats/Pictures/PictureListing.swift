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
  /// Folders that Glow wrote.
  let own: [OwnFolder]
  /// Files that are no pictures.
  let others: [String]

  private static let read = Set(PictureExtensions.read)
  private static let unread = Set(PictureExtensions.unread)

  init(of tree: any FileTree) {
    self.tree = tree
    var own = OwnFolder.all(in: tree)
    var (pictures, unread, hidden, others) = ([String](), [String](), [String](), [String]())
    for path in tree.paths {
      let ending = fileExtension(of: path)
      let isRead = Self.read.contains(ending)
      guard isRead || Self.unread.contains(ending) else {
        if !isHidden(path) { others.append(path) }
        continue
      }
      if isHidden(path) {
        hidden.append(path)
      } else if let index = own.firstIndex(where: { $0.holds(path) }) {
        own[index].pictures += 1
      } else if isRead {
        pictures.append(path)
      } else {
        unread.append(path)
      }
    }
    (self.pictures, self.unread, self.hidden) = (pictures, unread, hidden)
    (self.own, self.others) = (own, others)
  }

  static func isPicture(_ path: String) -> Bool {
    let ending = fileExtension(of: path)
    return read.contains(ending) || unread.contains(ending)
  }
}

/// Whether a file is of those that a person does not see.
func isHidden(_ path: String) -> Bool {
  path.hasPrefix(".") || path.contains("/.") || path.hasPrefix("__MACOSX/") || path.contains("/__MACOSX/")
}

/// In small letters, without the dot; empty where there is none.
func fileExtension(of path: String) -> String {
  guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
  let ending = path[path.utf8.index(after: dot)...]
  return ending.utf8.contains(UInt8(ascii: "/")) ? "" : ending.lowercased()
}

/// The folder at the top that a file is in; nil for a file that lies loose.
func topFolder(of path: String) -> Substring? {
  path.utf8.firstIndex(of: UInt8(ascii: "/")).map { path[..<$0] }
}

/// A path relative to a folder, which ends with "/" or is empty; nil for what is not below it. By bytes: a name may begin
/// with a mark that would join the "/" before it.
func path(_ path: String, below folder: String) -> String? {
  guard path.utf8.starts(with: folder.utf8) else { return nil }
  return String(path[path.utf8.index(path.startIndex, offsetBy: folder.utf8.count)...])
}

import Imaging

/// The pictures below one folder of a tree, by the endings of their names, hidden ones left out.
struct PictureListing: Sendable {
  /// Relative to the tree: empty for the whole tree, else with a "/" at the end.
  let folder: String
  /// Relative to `folder`, in order.
  let paths: [String]

  /// - Parameter paths: those of the tree.
  init(of paths: [String], below folder: String = "") {
    self.folder = folder
    self.paths = paths.compactMap { path in
      guard path.hasPrefix(folder), !isHidden(path), Self.isPicture(path) else { return nil }
      return String(path.dropFirst(folder.count))
    }
  }

  /// One class name a path, when every picture sits exactly one folder below; else nil.
  var classes: [String]? {
    let parts = paths.map { $0.split(separator: "/") }
    return parts.allSatisfy { $0.count == 2 } ? parts.map { String($0[0]) } : nil
  }

  static func isPicture(_ path: String) -> Bool { PictureExtensions.read.contains(fileExtension(of: path)) }
}

/// Whether a file or a folder that it is in has a name that begins with a dot.
func isHidden(_ path: String) -> Bool { path.hasPrefix(".") || path.contains("/.") }

/// In small letters, without the dot; empty where there is none.
func fileExtension(of path: String) -> String {
  guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
  let ending = path[path.utf8.index(after: dot)...]
  return ending.utf8.contains(UInt8(ascii: "/")) ? "" : ending.lowercased()
}

import Foundation

/// The pictures below one folder: files named .png, .jpg, .jpeg or .webp at any depth, hidden ones left out.
struct FolderListing {
  let folder: URL
  /// Relative to `folder`, sorted.
  let paths: [String]
  /// One class name a path, when every picture sits exactly one folder below; else nil.
  let classes: [String]?

  init(of folder: URL) {
    let folder = folder.resolvingSymlinksInPath()
    var paths: [String] = []
    let enumerator = FileManager.default.enumerator(atPath: folder.path)
    while let path = enumerator?.nextObject() as? String {
      let isHidden = path.hasPrefix(".") || path.contains("/.")
      if !isHidden && Self.isPicture(path) { paths.append(path) }
    }
    paths.sort()
    self.folder = folder
    self.paths = paths
    let parts = paths.map { $0.split(separator: "/") }
    classes = parts.allSatisfy { $0.count == 2 } ? parts.map { String($0[0]) } : nil
  }

  func url(of path: String) -> URL { folder.appendingPathComponent(path, isDirectory: false) }

  private static func isPicture(_ path: String) -> Bool {
    let name = path.lowercased()
    return [".png", ".jpg", ".jpeg", ".webp"].contains { name.hasSuffix($0) }
  }
}

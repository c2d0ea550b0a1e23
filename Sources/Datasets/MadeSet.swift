/// A data set that one of this project's own commands makes, known by where it puts it, such as `.data/faces-64`.
struct MadeSet {
  /// What makes it, to be typed where the project is.
  let command: String

  private static let targets = ["faces", "emoji", "photo-patches"]

  /// - Returns: nil for a folder that none of the commands makes.
  init?(folder: String) {
    let parts = folder.split(separator: "/").suffix(2)
    guard parts.count == 2, parts.first == ".data", let last = parts.last else { return nil }
    let isWhole = last.hasSuffix("-all")
    let name = isWhole ? last.dropLast(4) : last
    guard let dash = name.lastIndex(of: "-"),
      let size = Int(name[name.index(after: dash)...]), Self.targets.contains(String(name[..<dash]))
    else { return nil }
    command = "make \(name[..<dash]) SIZE=\(size)" + (isWhole ? " COUNT=all" : "")
  }
}

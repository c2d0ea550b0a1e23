import Files

/// The classes of some pictures: the folders that they lie in.
struct PictureClasses {
  /// One a path; nil where the pictures have no classes.
  let names: [ExactName]?
  /// The pictures that are used.
  let paths: [String]
  /// Why pictures are left out, or classes are.
  let note: String?

  /// How many pictures beside class folders do not take the classes away: one, or one in so many.
  private static let picturesPerStray = 10

  /// - Parameters:
  ///   - paths: relative to `folder`, which messages name; empty for the whole tree.
  ///   - mayBe: whether there are folders enough in the set.
  init(of paths: [String], in folder: String, mayBe: Bool) {
    let (inside, strays) = (paths.filter(Self.isInClass), paths.filter { !Self.isInClass($0) })
    let named = listed(strays.map { folder + $0 })
    if mayBe, strays.count <= max(1, paths.count / Self.picturesPerStray), inside.count >= strays.count {
      let isOne = strays.count == 1
      self.init(
        names: inside.map { ExactName(topFolder(of: $0)!) }, paths: inside,
        note: strays.isEmpty
          ? nil
          : "\(counted(strays.count, "picture")) \(isOne ? "does" : "do") not lie in a class folder and \(isOne ? "is" : "are") "
            + "not used: \(named)")
    } else {
      // Pictures that lie loose or in a single folder are not meant to have classes.
      let areMeant = mayBe || paths.contains { Self.depth(of: $0) > 1 }
      self.init(
        names: nil, paths: paths,
        note: strays.isEmpty || !areMeant
          ? nil
          : "no classes\(folder.isEmpty ? "" : " in \(folder)"): \(strays.count) of \(paths.count) pictures do not lie in a "
            + "folder just below (\(named)); move them into class folders, or away")
    }
  }

  private init(names: [ExactName]?, paths: [String], note: String?) {
    (self.names, self.paths, self.note) = (names, paths, note)
  }

  /// The folders that would be classes.
  static func folders(of paths: [String]) -> Set<ExactName> {
    Set(paths.filter(isInClass).map { ExactName(topFolder(of: $0)!) })
  }

  private static func isInClass(_ path: String) -> Bool { depth(of: path) == 1 }

  /// In how many folders a file is.
  static func depth(of path: String) -> Int { path.utf8.count { $0 == UInt8(ascii: "/") } }
}

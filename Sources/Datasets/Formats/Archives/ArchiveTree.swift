import Imaging

/// The files of an archive. A top folder that holds all the others, as programs that pack a folder make it, is taken for
/// the root.
struct ArchiveTree: FileTree {
  let location: String
  let paths: [String]
  let strays: [TreeStray]
  var pixelLimit = PixelImage.defaultPixelLimit
  private let archive: any Archive
  /// Before each path in the archive: empty, or with a "/" at the end.
  private let top: String
  /// Of each path.
  private let places: [(place: Int, byteCount: Int)]

  /// - Parameter isRootFound: whether a top folder is taken for the root; else paths are those of the archive.
  init(of archive: any Archive, findingRoot isRootFound: Bool = true) {
    self.init(of: archive, archive.contents.members, findingRoot: isRootFound)
  }

  /// Some of the members of an archive.
  init(of archive: any Archive, _ members: [ArchiveMember], findingRoot isRootFound: Bool) {
    self.archive = archive
    location = archive.path
    top = isRootFound ? Self.root(of: members) : ""
    var strays = archive.contents.strays
    let below = members.enumerated().filter { [top] in $1.name.hasPrefix(top) }
      .map { [top] in (number: $0, path: String($1.name.dropFirst(top.count)), member: $1) }
      .sorted {
        isOrderedBefore($0.path, $1.path) || ($0.path.utf8.elementsEqual($1.path.utf8) && $0.number < $1.number)
      }
    var (paths, places) = ([String](), [(place: Int, byteCount: Int)]())
    paths.reserveCapacity(below.count)
    places.reserveCapacity(below.count)
    for (next, file) in below.enumerated() {
      // Of files of one name the last counts, as it does where archives are unpacked.
      if next + 1 < below.count, below[next + 1].path.utf8.elementsEqual(file.path.utf8) {
        strays.append(TreeStray(path: file.path, kind: .replaced))
        continue
      }
      paths.append(file.path)
      places.append((file.member.place, file.member.byteCount))
    }
    (self.paths, self.places, self.strays) = (paths, places, strays)
  }

  func name(of path: String) -> String { archive.title(of: top + path) }

  func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
    let number = paths.partitioningIndex { !isOrderedBefore($0, path) }
    precondition(number < paths.count && paths[number].utf8.elementsEqual(path.utf8), "\(name(of: path)) is not there")
    let (place, byteCount) = places[number]
    return try archive.read(ArchiveMember(name: top + path, place: place, byteCount: byteCount), atMost: limit)
  }

  /// The folder that all files are in that are not hidden. One that names a split is no root.
  private static func root(of members: [ArchiveMember]) -> String {
    let names = members.lazy.map(\.name).filter { !isHidden($0) }
    guard var common = names.first?.split(separator: "/").dropLast() else { return "" }
    for name in names where !common.isEmpty {
      let folders = name.split(separator: "/").dropLast()
      common = common.prefix(zip(common, folders).prefix { $0 == $1 }.count)
    }
    return common.prefix { SplitFolders.split(of: $0) == nil }.map { $0 + "/" }.joined()
  }
}

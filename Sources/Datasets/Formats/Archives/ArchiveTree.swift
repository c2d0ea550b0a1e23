import Files
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
    let below = members.enumerated()
      .compactMap { [top] number, member in
        path(member.name, below: top).map { (number: number, path: $0, member: member) }
      }
      .sorted {
        isOrderedBefore($0.path, $1.path) || (ExactName($0.path) == ExactName($1.path) && $0.number < $1.number)
      }
    var (paths, places) = ([String](), [(place: Int, byteCount: Int)]())
    paths.reserveCapacity(below.count)
    places.reserveCapacity(below.count)
    for (next, file) in below.enumerated() {
      // Of files of one name the last counts, as it does where archives are unpacked.
      if next + 1 < below.count, ExactName(below[next + 1].path) == ExactName(file.path) {
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
    precondition(number < paths.count && ExactName(paths[number]) == ExactName(path), "\(name(of: path)) is not there")
    let (place, byteCount) = places[number]
    return try archive.read(ArchiveMember(name: top + path, place: place, byteCount: byteCount), atMost: limit)
  }

  func stamp(of path: String) -> FileStamp? { FileStamp(of: archive.path) }

  /// The folders that a file is in, from the top.
  private static func folders(of path: String) -> [ExactName] {
    path.utf8.split(separator: UInt8(ascii: "/")).dropLast().map { ExactName(Substring($0)) }
  }

  /// The folder that all files are in that are not hidden. One that names a split is no root.
  private static func root(of members: [ArchiveMember]) -> String {
    let names = members.lazy.map(\.name).filter { !isHidden($0) }
    guard var common = names.first.map(folders)?[...] else { return "" }
    for name in names where !common.isEmpty {
      common = common.prefix(zip(common, folders(of: name)).prefix { $0 == $1 }.count)
    }
    return common.prefix { SplitNames.split($0.text) == nil }.map { $0.text + "/" }.joined()
  }
}

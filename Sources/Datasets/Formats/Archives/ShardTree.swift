import Files
import Imaging

/// The pictures of several tar files: a path is that of the tar file, a "/" and the path within.
struct ShardTree: FileTree {
  let location: String
  var pixelLimit = PixelImage.defaultPixelLimit
  private let shards: [ExactName: ArchiveTree]

  init(location: String, _ shards: [ExactName: ArchiveTree]) { (self.location, self.shards) = (location, shards) }

  var paths: [String] {
    shards.flatMap { shard, tree in tree.paths.map { "\(shard.text)/\($0)" } }.sorted(by: isOrderedBefore)
  }

  var strays: [TreeStray] {
    shards.sorted { $0.key < $1.key }.flatMap { shard, tree in
      tree.strays.map { TreeStray(path: "\(shard.text)/\($0.path)", kind: $0.kind) }
    }
  }

  func name(of path: String) -> String {
    let (shard, name) = Self.parts(of: path)
    return shards[ExactName(shard)]?.name(of: name) ?? "\(location)/\(path)"
  }

  func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
    let (shard, name) = Self.parts(of: path)
    return try shards[ExactName(shard)]!.read(name, atMost: limit)
  }

  func stamp(of path: String) -> FileStamp? {
    let (shard, name) = Self.parts(of: path)
    return shards[ExactName(shard)]?.stamp(of: name)
  }

  /// The tar file and the path within; the first is empty for a path of a single tar file.
  static func parts(of path: String) -> (shard: String, name: String) {
    var start = path.startIndex
    while let slash = path.utf8[start...].firstIndex(of: UInt8(ascii: "/")) {
      if path[..<slash].lowercased().hasSuffix(".tar") {
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
      }
      start = path.utf8.index(after: slash)
    }
    return ("", path)
  }
}

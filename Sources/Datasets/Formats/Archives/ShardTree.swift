import Imaging

/// The pictures of several tar files: a path is that of the tar file, a "/" and the path within.
struct ShardTree: FileTree {
  let location: String
  var pixelLimit = PixelImage.defaultPixelLimit
  private let shards: [String: ArchiveTree]

  init(location: String, _ shards: [String: ArchiveTree]) { (self.location, self.shards) = (location, shards) }

  var paths: [String] {
    shards.flatMap { shard, tree in tree.paths.map { "\(shard)/\($0)" } }.sorted(by: isOrderedBefore)
  }

  var strays: [TreeStray] {
    shards.sorted { $0.key < $1.key }.flatMap { shard, tree in
      tree.strays.map { TreeStray(path: "\(shard)/\($0.path)", kind: $0.kind) }
    }
  }

  func name(of path: String) -> String {
    let (shard, name) = Self.parts(of: path)
    return shards[shard]?.name(of: name) ?? "\(location)/\(path)"
  }

  func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
    let (shard, name) = Self.parts(of: path)
    return try shards[shard]!.read(name, atMost: limit)
  }

  /// The tar file and the path within; the first is empty for a path of a single tar file.
  static func parts(of path: String) -> (shard: String, name: String) {
    guard let end = path.range(of: ".tar/", options: .caseInsensitive)?.upperBound else { return ("", path) }
    return (String(path[..<path.index(before: end)]), String(path[end...]))
  }
}

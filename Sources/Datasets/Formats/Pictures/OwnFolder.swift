import Foundation

/// A folder that Glow wrote: what is in it is never data of a set that it lies in.
struct OwnFolder: Sendable, Equatable {
  enum Kind: String, Sendable {
    case run = "a run"
    case model = "a model"
    case packed = "a packed data set"
    case report = "a report"
  }

  /// With a "/" at the end; empty where the tree itself is one.
  let path: String
  let kind: Kind
  /// How many it holds, itself and in other such folders below it.
  var pictures = 0

  /// What marks a run. `RunFolder` and `ModelFolder` write these; a test of training sees to it that they are recognized.
  private static let (checkpoints, samples) = ("checkpoints/images-", "samples.png")
  private static let logs: Set<Substring> = ["metrics.jsonl", "layers.jsonl", "log.jsonl"]

  /// Those of a tree that lie in no other.
  static func all(in tree: any FileTree) -> [OwnFolder] {
    var found: [String: OwnFolder] = [:]
    for path in tree.paths {
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      let name = path[(slash.map { path.utf8.index(after: $0) } ?? path.startIndex)...]
      guard isMark(name) else { continue }
      guard let own = folder(marked: path, in: String(path.dropLast(name.utf8.count)), by: name, of: tree) else {
        continue
      }
      if found[own.path]?.kind != .run { found[own.path] = own }
    }
    var outermost: [OwnFolder] = []
    for folder in found.values.sorted(by: { isOrderedBefore($0.path, $1.path) })
    where !outermost.contains(where: { !$0.path.isEmpty && folder.path.utf8.starts(with: $0.path.utf8) }) {
      outermost.append(folder)
    }
    return outermost
  }

  /// Where the tree itself is a run, pictures that lie in it are data all the same: only what the run writes is not.
  func holds(_ file: String) -> Bool {
    path.isEmpty ? kind == .run && Self.isOfRun(file) : file.utf8.starts(with: path.utf8)
  }

  /// Whether a path in a run's folder is that of a file which the run writes.
  static func isOfRun(_ file: String) -> Bool { file == samples || file.hasPrefix(checkpoints) }

  /// The names of the files by which a folder is known.
  static var marks: [String] { logs.map(String.init) + ["config.json", PackedIndex.fileName, "index.html"] }

  private static func isMark(_ name: Substring) -> Bool {
    name == "config.json" || name == PackedIndex.fileName || name == "index.html" || logs.contains(name)
  }

  private static func folder(
    marked path: String, in folder: String, by name: Substring, of tree: any FileTree
  ) -> OwnFolder? {
    switch name {
    case "config.json":
      guard format(of: path, in: tree) == "swift-glow" else { return nil }
      // A checkpoint belongs to a run.
      guard let run = folder.range(of: checkpoints, options: .backwards)?.lowerBound,
        run == folder.startIndex || folder[..<run].hasSuffix("/")
      else { return OwnFolder(path: folder, kind: .model) }
      return OwnFolder(path: String(folder[..<run]), kind: .run)
    case "index.html": return isReport(path, in: tree) ? OwnFolder(path: folder, kind: .report) : nil
    case _ where logs.contains(name): return isLog(path, in: tree) ? OwnFolder(path: folder, kind: .run) : nil
    default: return format(of: path, in: tree) == PackedIndex.format ? OwnFolder(path: folder, kind: .packed) : nil
    }
  }

  /// What a JSON file says that it is.
  private static func format(of path: String, in tree: any FileTree) -> String? {
    struct Format: Decodable { var format: String }
    guard let bytes = try? tree.read(path, atMost: 1 << 20) else { return nil }
    return (try? JSONDecoder().decode(Format.self, from: Data(bytes)))?.format
  }

  /// Whether one of the first lines is such as a run writes.
  private static func isLog(_ path: String, in tree: any FileTree) -> Bool {
    guard let bytes = try? tree.read(path, atMost: 1 << 20) else { return false }
    return bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 8).prefix(8).contains { line in
      guard let fields = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else { return false }
      return [["images", "trainBitsPerDimension"], ["images", "layers"], ["images", "time", "level", "message"]]
        .contains { Set(fields.keys).isSuperset(of: $0) }
    }
  }

  private static func isReport(_ path: String, in tree: any FileTree) -> Bool {
    guard let bytes = try? tree.read(path, atMost: 1024) else { return false }
    return String(decoding: bytes, as: UTF8.self).contains(#"<meta name="generator" content="swift-glow">"#)
  }
}

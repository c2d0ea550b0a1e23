import Files
import Foundation

/// A folder that Glow wrote. The pictures that it wrote there are no data of a set that they lie in; what a person has put
/// beside them is.
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
  /// The pictures that Glow writes into such a folder, by their names in it.
  private(set) var writes: Set<ExactName> = []
  /// How many of these are there.
  var written = 0
  /// How many pictures are there beside them.
  var others = 0

  /// What marks a run. `RunFolder` and `ModelFolder` write these; a test of training sees to it that they are recognized.
  private static let (checkpoints, samples) = ("checkpoints/images-", "samples.png")
  private static let logs: Set<Substring> = ["metrics.jsonl", "layers.jsonl", "log.jsonl"]
  private static let reportText = "README.md"

  private init(_ path: String, _ kind: Kind, in tree: any FileTree) {
    (self.path, self.kind) = (path, kind)
    switch kind {
    case .run: writes = [ExactName(Self.samples)]
    case .report: writes = Self.figures(of: path + Self.reportText, in: tree)
    case .model, .packed: break
    }
  }

  /// Whether a path in a run's folder is that of a file which the run writes.
  static func isOfRun(_ file: String) -> Bool { file == samples || file.hasPrefix(checkpoints) }

  /// The names of the files by which a folder is known.
  static var marks: [String] { logs.map(String.init) + ["config.json", PackedIndex.fileName, "index.html"] }

  /// Whether a file of this name may mark such a folder.
  static func isMark(_ name: Substring) -> Bool {
    name == "config.json" || name == PackedIndex.fileName || name == "index.html" || logs.contains(name)
  }

  fileprivate static func all(in tree: any FileTree) -> [OwnFolder] {
    var found: [ExactName: OwnFolder] = [:]
    for path in tree.paths {
      let name = fileName(of: path)
      guard isMark(name), let own = folder(marked: path, by: name, of: tree) else { continue }
      let key = ExactName(own.path)
      if found[key]?.kind != .run { found[key] = own }
    }
    return found.values.sorted { isOrderedBefore($0.path, $1.path) }
  }

  private static func folder(marked path: String, by name: Substring, of tree: any FileTree) -> OwnFolder? {
    let folder = String(path.dropLast(name.count))
    func own(_ kind: Kind) -> OwnFolder { OwnFolder(folder, kind, in: tree) }
    switch name {
    case "config.json":
      guard format(of: path, in: tree) == "swift-glow" else { return nil }
      // A checkpoint belongs to a run.
      guard let run = folder.range(of: checkpoints, options: .backwards)?.lowerBound,
        run == folder.startIndex || folder[..<run].hasSuffix("/")
      else { return own(.model) }
      return OwnFolder(String(folder[..<run]), .run, in: tree)
    case "index.html": return isReport(path, in: tree) ? own(.report) : nil
    case _ where logs.contains(name): return isLog(path, in: tree) ? own(.run) : nil
    default: return format(of: path, in: tree) == PackedIndex.format ? own(.packed) : nil
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

  /// The pictures that the text of a report shows.
  private static func figures(of path: String, in tree: any FileTree) -> Set<ExactName> {
    guard tree.holds(path), let bytes = try? tree.read(path, atMost: 1 << 20) else { return [] }
    return Set(String(decoding: bytes, as: UTF8.self).matches(of: /\]\(([^)]+)\)/).map { ExactName($0.output.1) })
  }
}

/// The folders of a tree that Glow wrote.
struct OwnFolders {
  /// In order.
  private(set) var all: [OwnFolder]
  private let numbers: [ExactName: Int]

  init(in tree: any FileTree) {
    all = OwnFolder.all(in: tree)
    numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { (ExactName($1.path), $0) })
  }

  /// Whether a file lies in one of them.
  func hold(_ file: String) -> Bool { number(of: file) != nil }

  /// Counts a picture.
  /// - Returns: whether Glow wrote it.
  mutating func count(_ picture: String) -> Bool {
    guard let number = number(of: picture) else { return false }
    let isWritten = path(picture, below: all[number].path).map { all[number].writes.contains(ExactName($0)) } ?? false
    if isWritten { all[number].written += 1 } else { all[number].others += 1 }
    return isWritten
  }

  /// Of the innermost folder that a file is in.
  private func number(of file: String) -> Int? {
    guard !numbers.isEmpty else { return nil }
    var folder = file[...]
    while let slash = folder.utf8.lastIndex(of: UInt8(ascii: "/")) {
      if let number = numbers[ExactName(file[...slash])] { return number }
      folder = folder[..<slash]
    }
    return numbers[ExactName("")]
  }
}

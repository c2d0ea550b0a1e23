import Foundation

/// The file `dataset.json` of a packed data set: what the images are, and which shards hold them.
struct PackedIndex: Codable, Equatable {
  struct Shard: Codable, Equatable {
    /// Beside the index.
    var file: String
    var images: Int
    /// CRC-32C of the bytes of the shard's tensors, in the order of the file.
    var crc32c: UInt32
  }

  static let fileName = "dataset.json"
  static let format = "swift-glow packed images"
  static let version = 1

  var format = Self.format
  var version = Self.version
  var name: String
  var height: Int
  var width: Int
  var channels: Int
  /// Empty when the images have no labels.
  var classes: [String]
  var attributes: [String]
  /// By the raw value of a `DatasetSplit`.
  var splits: [String: [Shard]]

  var shape: ImageShape { ImageShape(height: height, width: width, channels: channels) }

  /// Whether a folder says of itself that it is a packed data set.
  static func isIn(_ folder: URL) -> Bool {
    struct Format: Decodable { var format: String }
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(fileName)) else { return false }
    return (try? JSONDecoder().decode(Format.self, from: data))?.format == format
  }

  /// - Throws: `DatasetError`, naming the file and the field.
  init(of folder: URL) throws {
    let url = folder.appendingPathComponent(Self.fileName)
    let file = try InputFile(
      reading: url, adviceIfMissing: "expected a packed data set, as `glow data pack` writes it")
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(file.bytes))
    } catch let error as DecodingError {
      throw DatasetError.wrongField(
        file: url.path, field: error.field, expected: "the index of a packed data set", found: error.problem)
    }
    try check(file: url.path)
  }

  init(name: String, shape: ImageShape, classes: [String], attributes: [String], splits: [String: [Shard]]) {
    self.name = name
    (height, width, channels) = (shape.height, shape.width, shape.channels)
    self.classes = classes
    self.attributes = attributes
    self.splits = splits
  }

  private func check(file: String) throws {
    func require(_ isRight: Bool, _ field: String, _ expected: String, _ found: String) throws {
      guard isRight else {
        throw DatasetError.wrongField(file: file, field: "field \(field)", expected: expected, found: found)
      }
    }
    try require(format == Self.format, "format", Self.format, format)
    try require(version == Self.version, "version", "\(Self.version)", "\(version)")
    for (field, value) in [("height", height), ("width", width)] {
      try require((1...1 << 16).contains(value), field, "1 to 65536", "\(value)")
    }
    try require(channels == 1 || channels == 3, "channels", "1 or 3", "\(channels)")
    for (split, shards) in splits {
      try require(
        DatasetSplit(rawValue: split) != nil, "splits", "train, validation and test", split)
      for shard in shards {
        let name = shard.file
        let isName = (1...255).contains(name.utf8.count) && !name.contains("/") && !name.hasPrefix(".")
        try require(isName, "file of split \(split)", "the name of a file beside the index", name)
        try require((1...1 << 40).contains(shard.images), "images of \(shard.file)", "1 or more", "\(shard.images)")
      }
    }
  }
}

extension DecodingError {
  private var context: Context? {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      context
    @unknown default: nil
    }
  }

  /// Which field of a JSON file is wrong.
  var field: String {
    var path = context?.codingPath ?? []
    if case .keyNotFound(let key, _) = self { path.append(key) }
    return path.isEmpty ? "text" : "field " + path.map(\.stringValue).joined(separator: ".")
  }

  /// What is wrong with it.
  var problem: String {
    switch self {
    case .keyNotFound: "no such field"
    case .typeMismatch, .valueNotFound: "a value of another type"
    default: "no such JSON"
    }
  }
}

import Files
import Foundation
import Testing

/// Real output of the program, of each kind that `docs/fields.md` describes: together, all fields.
enum FieldOutputs {
  // MARK: - Verbs

  static func eval() throws -> [JSONValue] {
    let run = try TrainedRun.labeled()
    return try [
      json("eval", "--model", run.run.path, "--baseline", "--accuracy"),
      json("eval", "--model", FieldRuns.exported().path, "--data", run.data, "--limit", "1"),
    ]
  }

  static func quality() throws -> [JSONValue] {
    let quality = ["quality", "--model", try TrainedRun.labeled().run.path, "--count", "5"]
    return try [json(quality), json(quality + ["--baseline"])]
  }

  static func reconstruct() throws -> [JSONValue] {
    try [json("reconstruct", "--model", TrainedRun.labeled().run.path, "--limit", "2")]
  }

  private static func scored(_ flags: String...) throws -> [String] {
    let run = try TrainedRun.labeled()
    let score = ["score", "--model", run.run.path, "--limit", "2"]
    let one = ["score", "--model", run.run.path, try FieldRuns.picture().path]
    let reference = ["--reference", "\(run.data):test"]
    return try [score + flags, one + flags, score + reference + flags].map { try glow($0) }
  }

  static func scoreLines() throws -> [JSONValue] { try scored("--json").flatMap(lines(of:)) }

  static func scoreTables() throws -> [JSONValue] { try scored().flatMap(rows(of:)) }

  static func sizes() throws -> [JSONValue] {
    try FieldRuns.archives().flatMap { try rows(of: text($0.deletingPathExtension().appendingPathExtension("csv"))) }
  }

  static func archives() throws -> [JSONValue] {
    try FieldRuns.archives().map { try json("decompress", "--list", $0.path) }
  }

  static func runs() throws -> [JSONValue] {
    let run = try TrainedRun.labeled().run
    return try withTemporaryFolder { folder in
      try folder.write(text(run.appending(path: "metrics.jsonl")).utf8, to: "run/metrics.jsonl")
      return try elements(of: json("runs", folder.path)) + [json("status", run.path)]
    }
  }

  static func presets() throws -> [JSONValue] { try elements(of: json("presets")) + [json("presets", "toy")] }

  static func attributesList() throws -> [JSONValue] {
    try [json("attributes", "list", FieldRuns.directions().path)]
  }

  static func bench() throws -> [JSONValue] {
    let bench = [
      "bench", "--levels", "1", "--steps", "1", "--hidden", "4", "--size", "8", "--rounds", "1", "--threads", "1",
    ]
    return try [
      ["--task", "train", "--batch", "2"], ["--task", "evaluate", "--batch", "2", "--family", "masked-glow"],
      ["--task", "idle"], ["--task", "product"],
    ].map { try value(glow(bench + $0)) }
  }

  // MARK: - Files

  static func lines(_ name: String) throws -> [JSONValue] {
    try FieldRuns.all().flatMap { try lines(of: text($0.appending(path: name))) }
  }

  static func states() throws -> [JSONValue] {
    try FieldRuns.all().flatMap { run in
      let checkpoints = run.appending(path: "checkpoints")
      return try checkpoints.names.map { try value(text(checkpoints.appending(path: "\($0)/training.json"))) }
    }
  }

  static func settings() throws -> [JSONValue] { try states().map { try field("configuration", of: $0) } }

  static func splits() throws -> [JSONValue] { try states().flatMap { try values(of: field("data", of: $0)) } }

  static func checksums() throws -> [JSONValue] {
    try [value(text(TrainedRun.labeled().checkpoint.appending(path: "checksums.json")))]
  }

  static func configurations() throws -> [JSONValue] {
    let runs = try [TrainedRun.labeled(), .realNVP(), .maskedGlow()].map(\.checkpoint)
    return try runs.map { try value(text($0.appending(path: "config.json"))) }
      + ["faces", "fashion-mnist", "photos"].map { try shipped("\($0)/config.json") }
  }

  static func glows() throws -> [JSONValue] {
    let models = try configurations() + [value(text(FieldRuns.imported().appending(path: "config.json")))]
    return try models.filter { $0["realnvp"] == nil }
      .map { try field("glow", of: $0["masked-glow"] ?? $0) }
  }

  static func realNVPs() throws -> [JSONValue] { try configurations().compactMap { $0["realnvp"] } }

  static func data() throws -> [JSONValue] {
    try [FieldRuns.exported(), FieldRuns.exportedPictures()].map { try value(text($0.appending(path: "data.json"))) }
      + [shipped("fashion-mnist/data.json")]
  }

  static func shipped(_ name: String) throws -> JSONValue {
    try value(text(GlowBinary.root.appending(path: "Models/\(name)")))
  }

  static func attributeFiles() throws -> [JSONValue] {
    try [FieldRuns.directions(), GlowBinary.root.appending(path: "Models/fashion-mnist/attributes.safetensors")].map {
      guard case .object(var metadata) = try metadata(of: $0), case .string(let attributes)? = metadata["attributes"]
      else { throw Failure(text: "\($0.path) has no metadata") }
      metadata["attributes"] = try value(attributes)
      return .object(metadata)
    }
  }

  static func attributes() throws -> [JSONValue] {
    try attributeFiles().flatMap { try elements(of: field("attributes", of: field("attributes", of: $0))) }
  }

  static func latents() throws -> [JSONValue] {
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "z.safetensors")
      try glow("encode", "--model", TrainedRun.labeled().run.path, "--indices", "0", "--out", file.path)
      return [try metadata(of: file)]
    }
  }

  static func referenceScores() throws -> [JSONValue] {
    try withTemporaryFolder { folder in
      let (run, file) = (try TrainedRun.labeled(), folder.appending(path: "reference.safetensors"))
      try glow(
        "score", "--model", run.run.path, "--limit", "1", "--reference", "\(run.data):test", "--reference-cache",
        file.path)
      return [try metadata(of: file)]
    }
  }

  static func packed() throws -> [JSONValue] {
    try withTemporaryFolder { folder in
      try glow(
        "data", "pack", FieldRuns.pictures().path, "--size", "8", "--skip-damaged", "1", "--out", folder.path + "/set")
      return [try value(text(folder.appending(path: "set/dataset.json")))]
    }
  }

  // MARK: - Reading

  private static func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

  private static func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: Data(text.utf8)) }

  private static func json(_ arguments: String...) throws -> JSONValue { try json(arguments) }

  private static func json(_ arguments: [String]) throws -> JSONValue { try value(glow(arguments + ["--json"])) }

  private static func lines(of text: String) throws -> [JSONValue] {
    try text.split(separator: "\n").map { try value(String($0)) }
  }

  /// The rows of a CSV without commas in its fields.
  private static func rows(of text: String) throws -> [JSONValue] {
    let rows = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return rows.dropFirst().map { row in
      .object(
        Dictionary(uniqueKeysWithValues: zip(rows[0], row.map { Double($0).map(JSONValue.number) ?? .string($0) })))
    }
  }

  private static func field(_ name: String, of value: JSONValue) throws -> JSONValue {
    guard let field = value[name] else { throw Failure(text: "there is no field \(name)") }
    return field
  }

  private static func elements(of value: JSONValue) throws -> [JSONValue] {
    guard case .array(let values) = value else { throw Failure(text: "no list: \(value)") }
    return values
  }

  private static func values(of value: JSONValue) throws -> [JSONValue] {
    guard case .object(let fields) = value else { throw Failure(text: "no object: \(value)") }
    return Array(fields.values)
  }

  private static func metadata(of file: URL) throws -> JSONValue {
    let bytes = try Data(contentsOf: file)
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return try field("__metadata__", of: JSONValue(parsing: Data(bytes.dropFirst(8).prefix(length))))
  }
}

extension JSONValue {
  fileprivate subscript(name: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields[name]
  }
}

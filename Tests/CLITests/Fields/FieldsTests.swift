import Files
import Foundation
import Testing

/// `docs/fields.md` and `docs/fields-of-files.md`: their tables say what real output has, no more and no less.
@Suite struct FieldsTests {
  /// Fields that need what no test brings: a GPU, a validation that is broken off, a file of an older program.
  private static let never = ["glow bench": ["devicePeakBytes"], "training.json": ["dueMeasurement."]]

  /// By the headings of the tables.
  private static let outputs: [String: @Sendable () throws -> [JSONValue]] = [
    "glow eval --json": FieldOutputs.eval, "glow quality --json": FieldOutputs.quality,
    "glow reconstruct --json": FieldOutputs.reconstruct, "glow score --json": FieldOutputs.scoreLines,
    "glow score": FieldOutputs.scoreTables, "glow compress --sizes": FieldOutputs.sizes,
    "glow decompress --list --json": FieldOutputs.archives, "glow status --json, glow runs --json": FieldOutputs.runs,
    "glow presets --json": FieldOutputs.presets, "glow attributes list --json": FieldOutputs.attributesList,
    "glow bench": FieldOutputs.bench, "metrics.jsonl": { try FieldOutputs.lines("metrics.jsonl") },
    "layers.jsonl": { try FieldOutputs.lines("layers.jsonl") }, "log.jsonl": { try FieldOutputs.lines("log.jsonl") },
    "config.json": FieldOutputs.configurations, "A Glow": FieldOutputs.glows, "A RealNVP": FieldOutputs.realNVPs,
    "data.json": FieldOutputs.data, "A split": FieldOutputs.splits, "training.json": FieldOutputs.states,
    "Settings of a run": FieldOutputs.settings, "checksums.json": FieldOutputs.checksums,
    "judge.json": { [try FieldOutputs.shipped("faces/judge.json")] },
    "attributes.safetensors": FieldOutputs.attributeFiles, "An attribute": FieldOutputs.attributes,
    "Latents": FieldOutputs.latents, "Reference scores": FieldOutputs.referenceScores,
    "dataset.json": FieldOutputs.packed,
  ]

  @Test(arguments: Self.outputs.keys.sorted()) func theTableIsWhatThereIs(title: String) throws {
    let table = try #require(FieldTable.tables().first { $0.title == title }, "the pages have no table \(title)")
    let outputs = try #require(Self.outputs[title])
    for difference in try table.differences(from: outputs(), never: Self.never[title] ?? []) {
      Issue.record("\(difference)")
    }
  }

  @Test func everyTableIsTested() throws {
    #expect(try FieldTable.tables().map(\.title).sorted() == Self.outputs.keys.sorted())
  }

  /// A verb that is given `--json` has a table.
  @Test func everyVerbHasATable() throws {
    let titles = try FieldTable.tables().flatMap { $0.title.components(separatedBy: ", ") }
    func verbs(_ command: JSONValue, _ before: String) -> [String] {
      guard case .object(let fields) = command, case .string(let own)? = fields["commandName"] else { return [] }
      let name = before.isEmpty ? own : "\(before) \(own)"
      var found: [String] = []
      if case .array(let arguments)? = fields["arguments"], "\(arguments)".contains("kind long, name json") {
        found.append(name)
      }
      if case .array(let commands)? = fields["subcommands"] { found += commands.flatMap { verbs($0, name) } }
      return found
    }
    guard case .object(let help) = try JSONValue(parsing: Data(glow("--experimental-dump-help").utf8)) else {
      throw Failure(text: "the help is no object")
    }
    let names = verbs(try #require(help["command"]), "")
    #expect(names.count >= 9)
    for name in names {
      #expect(titles.contains { $0.hasPrefix(name + " ") && $0.hasSuffix("--json") }, "no table of \(name) --json")
    }
  }

  @Test func differencesAreNamed() throws {
    let table = try #require(FieldTable.tables().first { $0.title == "checksums.json" })
    func differences(_ text: String) throws -> [String] {
      table.differences(from: [try JSONValue(parsing: Data(text.utf8))])
    }
    #expect(try differences(#"{"a.b": {"bytes": 1, "crc32c": "00"}}"#).isEmpty)
    #expect(
      try differences(#"{"a": {"bytes": 1, "crc32c": "00", "new": 1}}"#) == [
        "checksums.json: the page lacks the field a.new"
      ])
    #expect(
      try differences(#"{"a": {"bytes": "1"}}"#) == [
        "checksums.json: a.bytes is \"1\", not bytes", "checksums.json: an output lacks the field FILE.crc32c",
        "checksums.json: no output has the field FILE.crc32c",
      ])
  }
}

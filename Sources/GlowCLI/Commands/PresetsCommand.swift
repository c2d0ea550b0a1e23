import Files
import ArgumentParser
import FlowModels
import Foundation
import Torch
import Training

/// - Throws: `ValidationError` with the names that there are.
func preset(named name: String) throws -> Preset {
  if let preset = Preset.named(name) { return preset }
  throw ValidationError(
    "there is no preset \"\(name)\", expected one of \(Preset.all.map(\.name).joined(separator: ", "))")
}

struct PresetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "presets", abstract: "List the settings that glow train --preset starts from, or print one in full.",
    discussion: """
      A batch larger than the images per pass is taken in parts whose gradients are added up. The published runs take \
      as many images per pass as train in 24 GB of memory with every activation kept.

      Examples:
        glow presets
        glow presets faces --json
      """)

  @Argument(help: "The preset to print in full; without it, all are listed.", completion: Completions.preset) var name:
    String?
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let presets = try name.map { [try preset(named: $0)] } ?? Preset.all
    if json {
      let entries = presets.map { Entry(preset: $0) }
      return printJSON(try name == nil ? prettyJSON(entries) : prettyJSON(entries[0]))
    }
    if name == nil { try printTable(presets) } else { try printInFull(presets[0]) }
  }

  private struct Entry: Encodable {
    let preset: Preset

    private enum Key: CodingKey { case name, summary, kind, parameters, model, training }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(preset.name, forKey: .name)
      try container.encode(preset.summary, forKey: .summary)
      try container.encode(type(of: preset.model).kind, forKey: .kind)
      try container.encode(preset.model.parameterCount, forKey: .parameters)
      try preset.model.encode(to: container.superEncoder(forKey: .model))
      try container.encode(preset.training, forKey: .training)
    }
  }

  private func printTable(_ presets: [Preset]) throws {
    let header = [
      "name", "model", "L", "K", "hidden", "coupling", "bits", "batch", "per pass", "size", "parameters", "data",
    ]
    let rows = presets.map { preset in
      let (model, training) = (preset.model, preset.training)
      return [preset.name, type(of: model).kind] + model.sizeColumns + [
        "\(model.bits)", "\(training.batchSize)", "\(training.imagesPerPass)",
        "\(model.height)x\(model.width)x\(model.channels)", "\(model.parameterCount)", training.data,
      ]
    }
    tableLines([header] + rows, words: [0, 1, 5, 11]).forEach { print($0) }
  }

  private func printInFull(_ preset: Preset) throws {
    print("\(preset.name): \(preset.summary)")
    print("\(counted(preset.model.parameterCount, "parameter")); data: \(preset.training.data)")
    for (title, value) in [("model", try fields(preset.model)), ("training", try fields(preset.training))] {
      print("\n\(title)")
      let width = value.map(\.0.count).max() ?? 0
      for (key, text) in value { print("  \(key)\(String(repeating: " ", count: width - key.count))  \(text)") }
    }
  }

  /// The fields of a configuration under the names that a checkpoint gives them, in alphabetical order.
  private func fields(_ configuration: some Encodable) throws -> [(String, String)] {
    let value = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(configuration))
    guard case .object(let fields) = value else { return [] }
    return fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value.inTable) }
  }
}

extension JSONValue {
  /// For a table: long lists by their length.
  fileprivate var inTable: String {
    switch self {
    case .array(let values) where values.count > 10: "\(values.count) names"
    case .array(let values): values.isEmpty ? "none" : values.map(\.inTable).joined(separator: ", ")
    case .object(let fields):
      fields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.inTable)" }.joined(separator: ", ")
    default: description
    }
  }
}

import Files
import FlowModels
import Foundation
import Runs

extension Preset {
  /// Settings from a file or a folder: what `glow presets NAME --json` prints, perhaps changed; a `config.json`; a run, one of
  /// its checkpoints, or a model.
  ///
  /// A file of the first kind may leave fields out: they are those of the first preset of its family. A model says nothing of
  /// its training, whose settings are then those of that preset, too.
  ///
  /// ```swift
  /// let preset = try Preset(contentsOf: URL(filePath: "runs/first"))
  /// print(preset.model.summary, preset.training.images)
  /// ```
  /// - Throws: `TrainingError` or `ModelError`, naming the file, the field and what was expected.
  public init(contentsOf url: URL) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw TrainingError("\(url.relativePath): there is no such file")
    }
    if isFolder.boolValue {
      self = try Self.read(folder: url)
      return
    }
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw TrainingError("\(url.relativePath) cannot be read: \(error.systemReason)")
    }
    if let value = try? JSONValue(parsing: data), case .object(let fields) = value, fields["format"] != nil {
      let model = try ModelFolder.configuration(from: data, file: url)
      self = try Self.of(model, in: url.deletingLastPathComponent(), named: url)
    } else {
      do { self = try Self.read(data, named: url) } catch let problem as JSONProblem {
        throw TrainingError("\(url.relativePath): \(problem)")
      }
    }
  }

  private static func read(folder url: URL) throws -> Preset {
    let run = RunFolder(url)
    let folder = run.checkpoints.isEmpty ? url : try Trainer.newestCheckpoint(of: run).url
    return try of(ModelFolder.readConfiguration(folder), in: folder, named: url)
  }

  /// A model, and the settings of its training where its folder is a checkpoint.
  private static func of(_ model: any FlowConfiguration, in folder: URL, named url: URL) throws -> Preset {
    var preset = Preset.first(of: type(of: model)).renamed(after: url)
    preset.model = model
    if FileManager.default.fileExists(atPath: folder.appending(path: CheckpointSummary.stateName).path) {
      preset.training = try Trainer.savedConfiguration(ofCheckpoint: folder)
      preset.training.from = nil
    }
    return preset
  }

  /// What `glow presets NAME --json` prints.
  private static func read(_ data: Data, named url: URL) throws -> Preset {
    let kind = try JSONFile.decode(File.self, from: data).kind
    guard let family = ModelFamilies.named(kind) else {
      let known = ModelFamilies.all.map { $0.kind }.joined(separator: ", ")
      throw JSONProblem(description: "field kind is \"\(printable(kind))\", expected one of \(known)")
    }
    let whole = try JSONValue(parsing: data)
    guard case .object(let fields) = whole else { throw JSONProblem(description: "holds no object") }
    if let stranger = whole.field(missingIn: File.all) {
      throw JSONProblem(description: "there is no field \(stranger), expected \(File.names)")
    }
    var preset = Preset.first(of: family).renamed(after: url)
    func overlaid<Configuration: FlowConfiguration>(_ model: Configuration) throws -> Configuration {
      try part("model", fields["model"], over: model)
    }
    preset.model = try overlaid(preset.model)
    preset.training = try part("training", fields["training"], over: preset.training)
    do { try preset.model.validate() } catch { throw JSONProblem(description: "model.\(error)") }
    do { try preset.training.validate() } catch { throw JSONProblem(description: "training.\(error)") }
    return preset
  }

  private func renamed(after url: URL) -> Preset {
    Preset(
      name: url.lastPathComponent, summary: "the settings of \(url.relativePath)", model: model, training: training)
  }

  /// A part of the file, with what it leaves out.
  private static func part<Part: Codable>(_ name: String, _ value: JSONValue?, over base: Part) throws -> Part {
    guard let value else { return base }
    let whole = try JSONValue(parsing: JSONFile.line(base)).overlaid(with: value)
    // In an object of its name, so that what is wrong is said with it.
    let part = try JSONFile.decode([String: Part].self, from: JSONFile.line([name: whole]), JSONFile.decoder)[name]!
    if let stranger = try value.field(missingIn: JSONValue(parsing: JSONFile.line(part))) {
      throw JSONProblem(description: "there is no field \(name).\(stranger)")
    }
    return part
  }

  private struct File: Decodable {
    let kind: String

    private static let fields = ["name", "summary", "kind", "parameters", "model", "training"]
    static var all: JSONValue { .object(Dictionary(uniqueKeysWithValues: fields.map { ($0, .null) })) }
    static var names: String { fields.joined(separator: ", ") }
  }
}

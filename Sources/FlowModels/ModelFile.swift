import FileErrors
import Flows
import Foundation
import Torch

/// A model on disk: a folder with `config.json` and `model.safetensors`.
///
/// `config.json` holds the format's version, the kind of model and its configuration; `model.safetensors` every
/// parameter and buffer under its name.
public enum ModelFile {
  public static let formatVersion = 1
  static let configurationName = "config.json"
  static let weightsName = "model.safetensors"

  struct Header: Codable {
    var format = "swift-glow"
    var version = ModelFile.formatVersion
    var model = "glow"
    var glow: GlowConfiguration
  }

  /// Writes both files into `folder`, which must exist.
  /// - Parameters:
  ///   - values: `[count]`, in place of the model's own values, such as their average over time.
  ///   - dtype: the floating-point type on disk; nil for the model's own.
  public static func write(_ model: Glow, values: Tensor? = nil, as dtype: DType? = nil, to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let views = try model.parameters.views(of: values ?? model.parameters.values)
    let parameters = try zip(model.parameters.parameters, views).map { parameter, value in
      SafetensorsItem(name: parameter.name, tensor: try value.converted(to: dtype ?? value.dtype))
    }
    let buffers = model.buffers.map { SafetensorsItem(name: $0.name, tensor: $0.value) }
    try SafetensorsWriter.write(buffers + parameters, metadata: [:], to: folder.appending(path: weightsName))
    // Last: a folder with a configuration counts as a model.
    let url = folder.appending(path: configurationName)
    do {
      try encoder.encode(Header(glow: model.configuration)).write(to: url, options: .atomic)
    } catch {
      throw ModelError.checkpoint(file: url.path, reason: "cannot be written: \(error.systemReason)")
    }
  }

  /// Reads the model in `folder`.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the field or tensor that is wrong.
  public static func read(_ folder: URL, options: TensorOptions = TensorOptions()) throws -> Glow {
    let configuration = try readConfiguration(folder)
    let model: Glow
    do { model = try Glow(configuration, options: options) } catch {
      throw ModelError.checkpoint(
        file: folder.appending(path: configurationName).path, reason: "no such model can be built: \(error)")
    }
    try load(model, from: folder.appending(path: weightsName))
    return model
  }

  public static func readConfiguration(_ folder: URL) throws -> GlowConfiguration {
    let url = folder.appending(path: configurationName)
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ModelError.checkpoint(file: url.path, reason: "cannot be read: \(error.systemReason)")
    }
    struct Version: Decodable {
      var format: String
      var version: Int
      var model: String
    }
    let version = try decode(Version.self, data, file: url.path)
    guard version.format == "swift-glow" else {
      throw ModelError.checkpoint(
        file: url.path, reason: "field format is \"\(version.format)\", expected \"swift-glow\"")
    }
    guard version.version == formatVersion else {
      throw ModelError.checkpoint(
        file: url.path,
        reason: "field version is \(version.version), this program reads version \(formatVersion); use the program "
          + "that wrote it")
    }
    guard version.model == "glow" else {
      throw ModelError.checkpoint(file: url.path, reason: "field model is \"\(version.model)\", expected \"glow\"")
    }
    let configuration = try decode(Header.self, data, file: url.path).glow
    do { try configuration.validate() } catch {
      throw ModelError.checkpoint(file: url.path, reason: "glow.\(error)")
    }
    return configuration
  }

  /// Sets every parameter and buffer of `model` from a safetensors file.
  static func load(_ model: Glow, from url: URL) throws {
    let file = try SafetensorsFile(contentsOf: url)
    let targets =
      model.parameters.parameters.map { ($0.name, $0.value) } + model.buffers.map { ($0.name, $0.value) }
    for (name, target) in targets {
      let entry = try file.entry(name)
      guard entry.shape == target.shape else {
        throw ModelError.checkpoint(
          file: url.path,
          reason: "tensor \(name) has shape \(entry.shape), the configuration beside it asks for \(target.shape)")
      }
      let tensor = try file.tensor(name)
      guard tensor.dtype.isFloatingPoint == target.dtype.isFloatingPoint else {
        throw ModelError.checkpoint(
          file: url.path, reason: "tensor \(name) is of type \(tensor.dtype), expected \(target.dtype)")
      }
      guard try tensor.isFinite().converted(to: .uint8).minimum().item() == 1 else {
        throw ModelError.checkpoint(
          file: url.path, reason: "tensor \(name) holds a value that is not finite, expected finite numbers alone")
      }
      try target.assign(tensor)
    }
    let known = Set(targets.map(\.0))
    if let stranger = file.names.first(where: { !known.contains($0) }) {
      throw ModelError.checkpoint(
        file: url.path, reason: "tensor \(stranger) belongs to no layer of the configuration beside it")
    }
  }

  /// Decodes JSON; an error names the file and the field.
  public static func decode<T: Decodable>(_ type: T.Type, _ data: Data, file: String) throws -> T {
    func path(_ keys: [any CodingKey]) -> String {
      guard let first = keys.first else { return "(the whole file)" }
      return keys.dropFirst().reduce(first.stringValue) { path, key in
        path + (key.intValue.map { "[\($0)]" } ?? "." + key.stringValue)
      }
    }
    do { return try JSONDecoder().decode(type, from: data) } catch DecodingError.keyNotFound(let key, let context) {
      throw ModelError.checkpoint(file: file, reason: "field \(path(context.codingPath + [key])) is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      throw ModelError.checkpoint(
        file: file, reason: "field \(path(context.codingPath)) has the wrong type: \(context.debugDescription)")
    } catch DecodingError.dataCorrupted(let context) {
      guard context.codingPath.isEmpty else {
        throw ModelError.checkpoint(
          file: file, reason: "field \(path(context.codingPath)) is wrong: \(context.debugDescription)")
      }
      throw ModelError.checkpoint(file: file, reason: syntaxError(data))
    }
  }

  /// What is wrong with JSON that `JSONDecoder` calls invalid as a whole, which it also does for a number that does not
  /// fit its field.
  private static func syntaxError(_ data: Data) -> String {
    do { _ = try JSONSerialization.jsonObject(with: data) } catch {
      let detail = (error as NSError).userInfo["NSDebugDescription"] as? String
      return "not valid JSON: \(detail ?? error.localizedDescription)"
    }
    return "holds a number that its field cannot take: a fraction for a count, or one that is too large"
  }
}

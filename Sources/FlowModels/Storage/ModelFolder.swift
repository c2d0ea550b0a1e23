import Files
import Flows
import Foundation
import Safetensors
import Torch

/// A model on disk: a folder with `config.json` and `model.safetensors`.
///
/// `config.json` holds the format's version, the kind of model, its configuration and what wrote it; `model.safetensors` every
/// parameter and buffer under its name.
///
/// ```swift
/// let glow = try Glow(.standard, seed: 1)
/// let folder = URL(filePath: "model")
/// try ModelFolder.write(glow, to: folder)
/// let model = try ModelFolder.read(folder)  // of whatever family it is
/// print(model.configuration.summary)
/// ```
public enum ModelFolder {
  /// The version of `config.json` that is written, and the only one that is read.
  public static let formatVersion = 1
  static let configurationName = "config.json"
  static let weightsName = "model.safetensors"

  /// The configuration is under the name of its kind.
  private struct Header: Encodable {
    let configuration: any FlowConfiguration

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: AnyKey.self)
      try container.encode("swift-glow", forKey: AnyKey(stringValue: "format"))
      try container.encode(ModelFolder.formatVersion, forKey: AnyKey(stringValue: "version"))
      try container.encode(ProgramVersion.writer, forKey: AnyKey(stringValue: "writtenBy"))
      try container.encode(type(of: configuration).kind, forKey: AnyKey(stringValue: "model"))
      try container.encode(configuration, forKey: AnyKey(stringValue: type(of: configuration).kind))
    }
  }

  private struct Body<Configuration: FlowConfiguration>: Decodable {
    let configuration: Configuration

    init(from decoder: any Decoder) throws {
      configuration = try decoder.container(keyedBy: AnyKey.self)
        .decode(Configuration.self, forKey: AnyKey(stringValue: Configuration.kind))
    }
  }

  /// Writes both files into `folder`, which is made where it is missing.
  /// - Parameters:
  ///   - values: `[count]`, in place of the model's own values, such as their average over time.
  ///   - dtype: the floating-point type on disk; nil for the model's own.
  public static func write(
    _ model: any FlowModel, values: Tensor? = nil, as dtype: DType? = nil, to folder: URL
  ) throws {
    try make(folder)
    try Contents(model, values: values, as: dtype).write(to: folder)
  }

  /// Makes a folder and those above it, where they are missing.
  package static func make(_ folder: URL) throws {
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw ModelError.file(folder.path, reason: "cannot be created: \(error.systemReason)")
    }
  }

  /// What both files hold, in memory of its own: the model may change, and another thread may write it, meanwhile.
  public struct Contents: @unchecked Sendable {
    private let configuration: any FlowConfiguration
    private let items: [SafetensorsItem]

    /// - Parameters: as of ``write(_:values:as:to:)``.
    public init(_ model: any FlowModel, values: Tensor? = nil, as dtype: DType? = nil) throws {
      configuration = model.configuration
      let views = try model.parameters.views(of: (values ?? model.parameters.values).hostCopy())
      let parameters = try zip(model.parameters.parameters, views).map { parameter, value in
        SafetensorsItem(name: parameter.name, tensor: try value.converted(to: dtype ?? value.dtype))
      }
      items = try model.buffers.map { SafetensorsItem(name: $0.name, tensor: try $0.value.hostCopy()) } + parameters
    }

    /// Writes both files into `folder`, which must exist.
    /// - Throws: `SafetensorsError` or ``ModelError`` naming the file that cannot be written.
    public func write(to folder: URL) throws {
      try SafetensorsWriter.write(items, metadata: [:], to: folder.appending(path: weightsName))
      // Last: a folder with a configuration counts as a model.
      let url = folder.appending(path: configurationName)
      do { try AtomicFile.store(encoded(configuration), at: url) } catch {
        throw ModelError.file(url.path, reason: "cannot be written: \(error.systemReason)")
      }
    }
  }

  /// Reads the model in `folder`, of whatever family it is.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the field or tensor that is wrong.
  public static func read(_ folder: URL, options: TensorOptions = TensorOptions()) throws -> any FlowModel {
    try Checksums.verify(folder, only: [configurationName, weightsName])
    let configuration = try readConfiguration(folder)
    try configuration.requireRoom(in: SafetensorsFile(contentsOf: folder.appending(path: weightsName)), timesStored: 1)
    let model: any FlowModel
    do { model = try configuration.makeModel(options: options, seed: 0) } catch {
      throw ModelError.file(
        folder.appending(path: configurationName).path, reason: "no such model can be built: \(error)")
    }
    try load(model, from: folder)
    return model
  }

  /// Reads a model of one family.
  ///
  /// ```swift
  /// let glow = try ModelFolder.read(URL(filePath: "Models/fashion-mnist"), as: Glow.self)
  /// ```
  /// - Throws: as ``read(_:options:)``, and where the folder holds a model of another family.
  public static func read<Configuration: FlowConfiguration>(
    _ folder: URL, as family: MultiscaleFlow<Configuration>.Type, options: TensorOptions = TensorOptions()
  ) throws -> MultiscaleFlow<Configuration> {
    let model = try read(folder, options: options)
    guard let model = model as? MultiscaleFlow<Configuration> else {
      throw ModelError.file(
        folder.appending(path: configurationName).path,
        reason: "field model is \"\(type(of: model.configuration).kind)\", expected \"\(Configuration.kind)\"")
    }
    return model
  }

  /// What `config.json` says, of whatever family the model is. No weights are read.
  /// - Throws: ``ModelError`` naming the file and the field that is wrong.
  public static func readConfiguration(_ folder: URL) throws -> any FlowConfiguration {
    let url = folder.appending(path: configurationName)
    do { return try configuration(from: Data(contentsOf: url), file: url) } catch let error as CocoaError {
      throw ModelError.file(url.path, reason: "cannot be read: \(error.systemReason)")
    }
  }

  /// What `config.json` holds.
  package static func encoded(_ configuration: any FlowConfiguration) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(Header(configuration: configuration))
  }

  /// - Parameter file: where `data` is from.
  package static func configuration(from data: Data, file url: URL) throws -> any FlowConfiguration {
    struct Version: Decodable {
      var format: String
      var version: Int
      var model: String
    }
    let version = try decode(Version.self, data, file: url.path)
    guard version.format == "swift-glow" else {
      throw ModelError.file(
        url.path, reason: "field format is \"\(version.format)\", expected \"swift-glow\"")
    }
    guard version.version == formatVersion else {
      throw ModelError.file(
        url.path,
        reason: "field version is \(version.version), this program reads version \(formatVersion); use the program "
          + "that wrote it")
    }
    guard let kind = ModelFamilies.named(version.model) else {
      let known = ModelFamilies.all.map { "\"\($0.kind)\"" }.joined(separator: " or ")
      throw ModelError.file(url.path, reason: "field model is \"\(version.model)\", expected \(known)")
    }
    return try configuration(kind, data, file: url.path)
  }

  private static func configuration<Configuration: FlowConfiguration>(
    _ kind: Configuration.Type, _ data: Data, file: String
  ) throws -> any FlowConfiguration {
    let configuration = try decode(Body<Configuration>.self, data, file: file).configuration
    do { try configuration.validate() } catch {
      throw ModelError.file(file, reason: "\(kind.kind).\(error)")
    }
    try requireKnownFields(in: data, of: configuration, file: file)
    return configuration
  }

  /// Throws for a field that was dropped: a newer program may say by it that this is another model.
  private static func requireKnownFields(
    in data: Data, of configuration: any FlowConfiguration, file: String
  ) throws {
    guard let read = try? JSONValue(parsing: data), let known = try? JSONValue(parsing: encoded(configuration)),
      let stranger = read.field(missingIn: known)
    else { return }
    throw ModelError.file(
      file,
      reason:
        "field \(stranger) is unknown to this program, and without it this could be another model; use the program "
        + "that wrote it")
  }

  /// What `config.json` says of a configuration.
  static func fields(of configuration: some FlowConfiguration) throws -> JSONValue {
    try JSONValue(parsing: JSONEncoder().encode(configuration))
  }

  /// Sets every parameter and buffer of `model` from the weights in `folder`.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the tensor that is wrong.
  public static func load(_ model: any FlowModel, from folder: URL) throws {
    let url = folder.appending(path: weightsName)
    let file = try SafetensorsFile(contentsOf: url)
    let targets =
      model.parameters.parameters.map { ($0.name, $0.value) } + model.buffers.map { ($0.name, $0.value) }
    for (name, target) in targets {
      let entry = try file.entry(name)
      guard entry.shape == target.shape else {
        throw ModelError.file(
          url.path,
          reason: "tensor \(name) has shape \(entry.shape), the configuration beside it asks for \(target.shape)")
      }
      let tensor = try file.tensor(name)
      guard tensor.dtype.isFloatingPoint == target.dtype.isFloatingPoint else {
        throw ModelError.file(
          url.path, reason: "tensor \(name) is of type \(tensor.dtype), expected \(target.dtype)")
      }
      guard try tensor.isAllFinite() else {
        throw ModelError.file(
          url.path, reason: "tensor \(name) holds a value that is not finite, expected finite numbers alone")
      }
      try target.assign(tensor)
    }
    let known = Set(targets.map(\.0))
    if let stranger = file.names.first(where: { !known.contains($0) }) {
      throw ModelError.file(
        url.path, reason: "tensor \(stranger) belongs to no layer of the configuration beside it")
    }
  }

  /// Decodes JSON; an error names the file and the field.
  /// - Throws: ``ModelError``.
  package static func decode<T: Decodable>(_ type: T.Type, _ data: Data, file: String) throws -> T {
    do { return try JSONFile.decode(type, from: data) } catch { throw ModelError.file(file, reason: "\(error)") }
  }
}

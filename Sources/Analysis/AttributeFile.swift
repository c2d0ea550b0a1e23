import ModelImages
import FlowModels
import Foundation
import Safetensors
import Torch

extension AttributeDirections {
  private static let format = "swift-glow attributes"
  private static let version = "1"

  /// What the file says beside the tensors, as JSON in its metadata.
  private struct Description: Codable {
    var model: String
    var configuration: String?
    var data: String
    var labels: LabelChoice
    var shrinkage: Double
    var latentShapes: [[Int]]
    var attributes: [Attribute]
  }

  /// Writes a safetensors file: `mean`, `discriminant` and `regression`, `[attributes, dimensions]`, the numbers of a row in the order of
  /// the levels, and the rest in its metadata.
  /// - Parameter dtype: of the tensors on disk, float32 or float16.
  /// - Throws: `SafetensorsError`, naming the file.
  public func write(to url: URL, as dtype: DType = .float32) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let description = Description(
      model: model, configuration: configuration, data: data, labels: labels, shrinkage: shrinkage,
      latentShapes: latentShapes, attributes: attributes)
    try SafetensorsWriter.write(
      kinds.map { SafetensorsItem(name: $0.rawValue, tensor: try rows[$0]!.converted(to: dtype)) },
      metadata: [
        "format": Self.format, "version": Self.version,
        "attributes": String(decoding: try encoder.encode(description), as: UTF8.self),
      ], to: url)
  }

  /// - Throws: ``AnalysisError``, `ModelError` or `SafetensorsError`, naming the file and what is wrong with it.
  public init(contentsOf url: URL) throws {
    let file = try SafetensorsFile(contentsOf: url)
    guard file.metadata["format"] == Self.format, let text = file.metadata["attributes"] else {
      throw AnalysisError.file(
        file: url.path, reason: "holds no directions of attributes: expected a file from glow attributes fit")
    }
    guard file.metadata["version"] == Self.version else {
      throw AnalysisError.file(
        file: url.path,
        reason:
          "field version is \(file.metadata["version"] ?? "missing"), this program reads version \(Self.version); "
          + "use the program that wrote it")
    }
    let description = try ModelFolder.decode(Description.self, Data(text.utf8), file: url.path)
    guard !description.attributes.isEmpty, !description.latentShapes.isEmpty, description.latentShapes.count <= 16,
      description.latentShapes.allSatisfy({ $0.count == 3 && $0.allSatisfy((1...1 << 16).contains) })
    else {
      throw AnalysisError.file(
        file: url.path, reason: "its metadata names no attribute, or shapes of latents that are none")
    }
    guard Set(description.attributes.map(\.name)).count == description.attributes.count else {
      throw AnalysisError.file(file: url.path, reason: "its metadata names an attribute twice, expected each once")
    }
    let dimensions = description.latentShapes.reduce(0) { $0 + $1.reduce(1, *) }
    let expected = [description.attributes.count, dimensions]
    var rows: [Kind: Tensor] = [:]
    for kind in Kind.allCases where file.names.contains(kind.rawValue) {
      let tensor = try file.tensor(kind.rawValue)
      guard tensor.shape == expected, tensor.dtype.isFloatingPoint else {
        throw AnalysisError.file(
          file: url.path,
          reason: "tensor \(kind.rawValue) is \(tensor.shape) of \(tensor.dtype), expected \(expected) of float32")
      }
      guard try tensor.isAllFinite() else {
        throw AnalysisError.file(
          file: url.path,
          reason: "tensor \(kind.rawValue) holds a value that is not finite, expected finite numbers alone")
      }
      rows[kind] = try tensor.converted(to: .float32)
    }
    guard !rows.isEmpty else {
      throw AnalysisError.file(
        file: url.path,
        reason: "holds no tensor of directions, expected " + Kind.allCases.map(\.rawValue).joined(separator: ", ")
          + " or some of them")
    }
    self.init(
      attributes: description.attributes, model: description.model, configuration: description.configuration,
      data: description.data, labels: description.labels, shrinkage: description.shrinkage, rows: rows,
      latentShapes: description.latentShapes)
  }

  /// Why directions are of no use to a model that they were not found in.
  public enum Misfit: String, Codable, Sendable {
    /// They are of other weights of the same configuration: the model was trained further, or is another checkpoint.
    case stale
    /// They are of a model of another configuration.
    case otherModel
  }

  /// Why these directions are not `model`'s; nil where they are.
  public func misfit(with model: any FlowModel) throws -> Misfit? {
    guard latentShapes == model.configuration.latentShapes else { return .otherModel }
    if self.model == (try model.fingerprint()) { return nil }
    guard let configuration else { return .stale }
    return configuration == (try model.configurationFingerprint()) ? .stale : .otherModel
  }

  /// Reads directions that were found in the latents of `model`.
  /// - Throws: as ``init(contentsOf:)``, and ``AnalysisError`` for those of another model or of other weights.
  public init(contentsOf url: URL, for model: any FlowModel) throws {
    try self.init(contentsOf: url)
    if let misfit = try misfit(with: model) {
      let (own, other) = (try model.fingerprint(), self.model)
      let reason =
        switch misfit {
        case .stale:
          "its directions are stale: they are of other weights (\(other), the model's are \(own)), since the model was "
            + "trained further or they are of another checkpoint"
        case .otherModel: "its directions are those of another model (\(other), this one is \(own))"
        }
      throw AnalysisError.directions(
        misfit, file: url.path, reason: reason + ": fit them anew with glow attributes fit")
    }
    if case .fixed(let label) = labels, !(0..<model.configuration.classCount).contains(label) {
      throw AnalysisError.file(file: url.path, reason: "field labels names label \(label), which the model has not")
    }
  }
}

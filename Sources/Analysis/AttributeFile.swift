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
    var data: String
    var labels: LabelChoice
    var shrinkage: Double
    var latentShapes: [[Int]]
    var attributes: [Attribute]
  }

  /// Writes a safetensors file: `mean` and `discriminant`, `[attributes, dimensions]`, the numbers of a row in the order of
  /// the levels, and the rest in its metadata.
  /// - Throws: `SafetensorsError`, naming the file.
  public func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let description = Description(
      model: model, data: data, labels: labels, shrinkage: shrinkage, latentShapes: latentShapes, attributes: attributes
    )
    try SafetensorsWriter.write(
      Kind.allCases.map { SafetensorsItem(name: $0.rawValue, tensor: rows[$0]!) },
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
    for kind in Kind.allCases {
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
    self.init(
      attributes: description.attributes, model: description.model, data: description.data, labels: description.labels,
      shrinkage: description.shrinkage, rows: rows, latentShapes: description.latentShapes)
  }

  /// Reads directions that were found in the latents of `model`.
  /// - Throws: as ``init(contentsOf:)``, and ``AnalysisError`` for those of another model.
  public init(contentsOf url: URL, for model: any FlowModel) throws {
    try self.init(contentsOf: url)
    let fingerprint = try model.fingerprint()
    guard self.model == fingerprint, latentShapes == model.configuration.latentShapes else {
      throw AnalysisError.file(
        file: url.path,
        reason:
          "its directions are those of another model (\(self.model), this one is \(fingerprint)): fit them anew with "
          + "glow attributes fit")
    }
    if case .fixed(let label) = labels, !(0..<model.configuration.classCount).contains(label) {
      throw AnalysisError.file(file: url.path, reason: "field labels names label \(label), which the model has not")
    }
  }
}

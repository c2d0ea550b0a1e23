import Foundation
import Safetensors
import Torch

/// Latents on disk: a safetensors file with `level1`, `level2`, ... and, of a conditional model, `labels` or `attributes`. Its
/// metadata says of which model they are.
///
/// ```swift
/// let labels = try Tensor([0, 9])
/// let images = try glow.sample(count: 2, labels: labels, seed: 1)
/// let file = URL(filePath: "z.safetensors")
/// let latents = try glow.encode(images, labels: labels)
/// try LatentFile(latents: latents, labels: labels, model: glow.roundedFingerprint()).write(to: file)
/// let stored = try LatentFile(contentsOf: file, for: glow)
/// let back = try glow.decode(stored.latents, labels: stored.labels)  // images, up to rounding
/// ```
public struct LatentFile {
  /// Standardized, a tensor a level.
  public var latents: Latents
  /// What the images were encoded under, as of every pass (``FlowModel``): int64 `[count]`, or `[count, attributes]`.
  public var labels: Tensor?
  /// The ``FlowModel/roundedFingerprint()`` of the model that encoded the images; nil where it is not known, as in files of
  /// older programs.
  public var model: String?

  /// - Parameters:
  ///   - labels: what the images were encoded under; nil for nothing.
  ///   - model: the ``FlowModel/roundedFingerprint()``; nil where it is not known.
  public init(latents: Latents, labels: Tensor?, model: String? = nil) {
    self.latents = latents
    self.labels = labels
    self.model = model
  }

  private static let modelKey = "model"

  private var metadata: [String: String] {
    var metadata = ["format": "swift-glow latents"]
    metadata[Self.modelKey] = model
    return metadata
  }

  private var items: [SafetensorsItem] {
    let levels = latents.levels.enumerated().map { SafetensorsItem(name: "level\($0 + 1)", tensor: $1) }
    let condition = labels.map { SafetensorsItem(name: $0.dtype.isFloatingPoint ? "attributes" : "labels", tensor: $0) }
    return [condition].compactMap(\.self) + levels
  }

  /// - Throws: `SafetensorsError`, naming the file.
  public func write(to url: URL) throws { try SafetensorsWriter.write(items, metadata: metadata, to: url) }

  /// The file in memory.
  public func bytes() throws -> [UInt8] {
    try SafetensorsWriter.bytes(of: items, metadata: metadata, name: "latents")
  }

  /// Reads latents that are of `model`, or that fit it where the file does not say whose they are.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the tensor; also for the latents of another model.
  public init(contentsOf url: URL, for model: any FlowModel) throws {
    try self.init(SafetensorsFile(contentsOf: url), for: model)
  }

  /// Reads latents of `model` from a file in memory.
  /// - Parameter fingerprint: the model's ``FlowModel/roundedFingerprint()``, where it is known already.
  /// - Throws: as ``init(contentsOf:for:)``.
  public init(bytes: [UInt8], for model: any FlowModel, fingerprint: String? = nil) throws {
    try self.init(SafetensorsFile(bytes: bytes, name: "latents"), for: model, fingerprint: fingerprint)
  }

  /// The number of images whose latents a file in memory holds, before it is known whether they fit a model.
  /// - Throws: `ModelError` or `SafetensorsError`.
  public static func count(in bytes: [UInt8]) throws -> Int {
    let file = try SafetensorsFile(bytes: bytes, name: "latents")
    let shape = try file.entry("level1").shape
    // With no dimension of 0, the file's own size bounds the count.
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
      throw ModelError.file(
        file.path, reason: "tensor level1 has shape \(shape), expected [count, height, width, channel]")
    }
    return shape[0]
  }

  private init(_ file: SafetensorsFile, for model: any FlowModel, fingerprint: String? = nil) throws {
    let configuration = model.configuration
    self.model = file.metadata[Self.modelKey]
    if let other = self.model {
      let own = try fingerprint ?? model.roundedFingerprint()
      guard own == other else {
        throw ModelError.file(
          file.path,
          reason:
            "holds latents of another model (\(other), this one is \(own)): decode them with the model that encoded "
            + "the images")
      }
    }
    var count: Int?
    latents = Latents(
      levels: try (1...configuration.levels).map { level in
        let name = "level\(level)"
        let entry = try file.entry(name)
        let expected = configuration.latentShape(level: level)
        guard entry.shape.count == 4, Array(entry.shape.dropFirst()) == expected, entry.shape[0] > 0,
          entry.shape[0] == count ?? entry.shape[0]
        else {
          throw ModelError.file(
            file.path,
            reason:
              "tensor \(name) has shape \(entry.shape), the model expects [\(count.map(String.init) ?? "count")] + "
              + "\(expected)")
        }
        count = entry.shape[0]
        return try file.tensor(name).converted(to: model.options.dtype, on: model.options.device)
      })
    let known =
      (1...configuration.levels).map { "level\($0)" } + (configuration.classCount > 0 ? ["labels"] : [])
      + (configuration.attributeNames.isEmpty ? [] : ["attributes"])
    if let stranger = file.names.first(where: { !known.contains($0) }) {
      throw ModelError.file(
        file.path, reason: "holds a tensor \(stranger), expected \(known.joined(separator: ", ")) of this model")
    }
    if file.names.contains("attributes") {
      let (entry, expected) = (try file.entry("attributes"), [count!, configuration.attributeNames.count])
      let rows = try entry.shape == expected ? file.tensor("attributes").converted(to: .float64) : nil
      guard let rows, try rows.elements(Double.self).allSatisfy({ abs($0) <= 1 }) else {
        throw ModelError.file(
          file.path,
          reason: "tensor attributes is \(entry.shape), expected \(expected) of numbers from -1 to 1, one for each of "
            + "the model's attributes")
      }
      labels = try rows.converted(to: model.options.dtype, on: model.options.device)
    }
    guard configuration.classCount > 0 else { return }
    let stored = try file.tensor("labels").elements(Int.self)
    guard stored.count == count, stored.allSatisfy({ (0..<configuration.classCount).contains($0) }) else {
      throw ModelError.file(
        file.path,
        reason: "tensor labels must hold one number below \(configuration.classCount) for each of the \(count!) images")
    }
    labels = try Tensor(stored, on: model.options.device)
  }
}

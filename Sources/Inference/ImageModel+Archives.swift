import Codec
import FlowModels
import Foundation
import Imaging

extension ImageModel {
  /// Pictures in one file.
  public struct Archive: Sendable {
    /// As `glow decompress` reads it.
    public var bytes: [UInt8]
    /// What each picture takes in it, what a chain begins with not counted.
    public var pictureBytes: [Double]
    /// What each takes in a file of its own.
    public var others: [ClassicalSizes]
    /// Of all pixels.
    public var rawBytes: Int
  }

  /// Packs pictures without loss, as ``fitted(_:)`` makes them and with as many bits as the model knows.
  ///
  /// ```swift
  /// let clothes = try await ImageModel("fashion-mnist")
  /// let archive = try await clothes.archive([picture])
  /// try Data(archive.bytes).write(to: URL(filePath: "pictures.glz"))
  /// ```
  /// - Parameters:
  ///   - pictures: one or more.
  ///   - labels: as of ``encode(_:labels:)``.
  /// - Throws: ``InferenceError``; `ModelError` for a family that no code is known of; `CodecError`.
  public nonisolated func archive(_ pictures: [PixelImage], labels: [Int?]? = nil) async throws -> Archive {
    try check(labels, areAsManyAs: pictures)
    let (quantization, step) = (Quantization(bits: description.bits), UInt8(1 << (8 - description.bits)))
    let fitted = fitted(pictures).map { picture in
      PixelImage(
        width: picture.width, height: picture.height, channels: picture.channels,
        pixels: quantization.shown(picture.pixels.map { $0 / step * step }))
    }
    let conditions = conditions(of: labels, count: pictures.count)
    let (code, known) = try await admitting(pictures.count) { this in
      (try this.flowCode(), try await this.ownConditions(of: this.tensor(of: fitted), conditions))
    }
    return try packed(fitted, known, code)
  }

  private nonisolated func packed(
    _ pictures: [PixelImage], _ conditions: [Condition], _ code: FlowCode
  ) throws -> Archive {
    let url = FileManager.default.temporaryDirectory.appending(path: "glow-\(UUID().uuidString).glz")
    defer { try? FileManager.default.removeItem(at: url) }
    let writer = try ArchiveWriter(
      to: url, code, told: description.labels.isEmpty ? .none : .labels(description.labels.count),
      modelName: description.name)
    for (picture, condition) in zip(pictures, conditions) {
      try Task.checkCancellation()
      try writer.append(picture, told: condition.label.map(PictureCondition.label) ?? .none)
    }
    let summary = try writer.finish()
    return Archive(
      bytes: Array(try Data(contentsOf: url)), pictureBytes: writer.costs.map { $0.bits / 8 },
      others: try pictures.map { try ClassicalSizes(of: $0) }, rawBytes: summary.rawBytes)
  }
}

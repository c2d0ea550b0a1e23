import FlowModels
import Foundation
import Torch

extension ModelFolder {
  /// Writes a model as it can be given away, as `glow export` does: beside the model `data.json`, which says on what images it
  /// was trained, and a model card, `README.md`. A page of another author stays. A folder that cannot be completed and was not
  /// there before is removed.
  ///
  /// ```swift
  /// let checkpoint = try ModelLocation.resolve("runs/first")
  /// try ModelFolder.export(checkpoint, to: URL(filePath: "Models/first"), as: .float16, license: "mit")
  /// ```
  /// - Parameters:
  ///   - source: a checkpoint, or a model's folder.
  ///   - dtype: of the weights on disk; nil for the model's own.
  ///   - license: for the card, an identifier such as `mit`; nil where nobody said.
  /// - Returns: whether the card was written.
  /// - Throws: `ModelError`, `SafetensorsError` or `TrainingError`, naming the file.
  @discardableResult
  public static func export(
    _ source: URL, to folder: URL, as dtype: DType? = nil, license: String? = nil
  ) throws -> Bool {
    try export(read(source), from: source, to: folder, as: dtype, license: license)
  }

  /// As ``export(_:to:as:license:)``, of a model that was read from `source`.
  package static func export(
    _ model: any FlowModel, from source: URL, to folder: URL, as dtype: DType?, license: String?
  ) throws -> Bool {
    let card = try HubCard(model, in: source, as: dtype, license: license)
    try write(model, trainedOn: TrainedImages(ofModel: source), as: dtype, to: folder)
    return try card.write(to: folder)
  }

  /// Writes a model with `data.json`; removes that file where it is not known on what the model was trained.
  package static func write(
    _ model: any FlowModel, trainedOn images: TrainedImages?, as dtype: DType? = nil, to folder: URL
  ) throws {
    let isNew = !FileManager.default.fileExists(atPath: folder.path)
    do {
      try make(folder)
      try TrainedImages.write(images, to: folder)
      try write(model, as: dtype, to: folder)
    } catch {
      if isNew { try? FileManager.default.removeItem(at: folder) }
      throw error
    }
  }
}

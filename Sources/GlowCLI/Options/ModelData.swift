import ArgumentParser
import Datasets
import FlowModels
import Foundation
import ModelImages
import Training

/// The images that a verb works on: those that a model was trained on, or others that a person names.
struct ModelData {
  private let source: DatasetSource
  private let model: any FlowConfiguration
  /// How the images were opened for training, where they are those.
  private let settings: TrainedImages?
  private let seed: UInt64

  /// - Parameter text: what --data says; nil for what the model was trained on.
  /// - Throws: `TrainingError` where the images that the model was trained on are gone or have changed.
  init(_ text: String?, for model: any FlowConfiguration, at place: ModelPlace) throws {
    self.model = model
    let trained = try TrainedImages(ofModel: place.folder)
    seed = trained?.seed ?? 0
    if let text {
      source = try DatasetSource(parsing: text)
      settings = trained.flatMap { [source] in Self.isOwn(source, text, $0) ? $0 : nil }
    } else if let trained {
      source = try trained.findSource()
      settings = trained
    } else {
      warn(
        "\(place.location) does not say what it was trained on: taking images of fashion-mnist; name others with --data"
      )
      source = try DatasetSource(parsing: "fashion-mnist")
      settings = nil
    }
  }

  /// Whether images that were named are to be opened as those of the run; says so where they are not those.
  private static func isOwn(_ source: DatasetSource, _ text: String, _ trained: TrainedImages) -> Bool {
    let isThere = trained.mayBe(in: source)
    guard trained.areKnownAgain else { return isThere }
    let found = try? trained.open(source)
    let difference = found.map(trained.difference)
    if case .some(nil) = difference { return true }
    let reason = isThere ? difference.flatMap { $0 }.map { ": \($0)" } ?? "" : " (\(trained.data))"
    warn("the images of \(text) are not those that the model was trained on\(reason)")
    return isThere
  }

  /// Opens a split at the model's size.
  func open(_ split: DatasetSplit) throws -> any ImageDataset {
    let dataset: any ImageDataset
    if let settings, settings.size != nil || !source.needsSize {
      dataset = try source.open(split: split, size: settings.size, channels: settings.channels, seed: seed)
    } else if source.needsSize {
      dataset = try source.open(
        split: split, size: (model.height, model.width), channels: model.channels, seed: seed)
    } else {
      dataset = try source.open(split: split, seed: seed)
    }
    warn(ofNotesOn: dataset)
    guard dataset.shape == model.imageShape else {
      throw ValidationError(
        "the images of \(source) are \(dataset.shape), the model takes \(model.imageShape): name others with --data")
    }
    return dataset
  }
}

import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import ModelImages
import Runs
import Training

/// The images that a verb works on: those that a model was trained on, or others that a person names.
struct ModelData {
  private let source: DatasetSource
  private let model: any FlowConfiguration
  /// How the images were opened for training, where they are those.
  private let settings: TrainedImages?
  private let seed: UInt64
  private let isNamed: Bool
  /// As in the training of the model, whatever the images; else what is fastest.
  private let reading: PictureReading
  /// How many images of a split may be left out because they cannot be read; nil for none.
  private let skipDamaged: Int?

  /// - Parameters:
  ///   - text: what --data says; nil for what the model was trained on.
  ///   - limit: what --skip-damaged says; nil for what training was told.
  /// - Throws: `TrainingError` where the images that the model was trained on are gone or have changed.
  init(
    _ text: String?, for model: any FlowConfiguration, at place: ModelPlace, skippingDamaged limit: Int? = nil
  ) throws {
    self.model = model
    let trained = try TrainedImages(ofModel: place.folder)
    seed = trained?.seed ?? 0
    reading = trained?.reading ?? PictureReading()
    isNamed = text != nil
    if let text {
      source = try DatasetSource(said: text)
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
    skipDamaged = limit ?? settings?.skipDamaged
  }

  /// Whether images that were named are to be opened as those of the run; says so where they are not those.
  private static func isOwn(_ source: DatasetSource, _ text: String, _ trained: TrainedImages) -> Bool {
    // Opening it says so.
    guard source.exists else { return false }
    let isThere = trained.mayBe(in: source)
    guard trained.areKnownAgain else { return isThere }
    let found = try? trained.open(source)
    let difference = found.map(trained.difference)
    if case .some(nil) = difference { return true }
    let reason = isThere ? difference.flatMap { $0 }.map { ": \($0)" } ?? "" : " (\(trained.data))"
    warn("the images of \(text) are not those that the model was trained on\(reason)")
    return isThere
  }

  /// The images of a split at the model's size, without those that cannot be read where some may be left out.
  func open(_ split: DatasetSplit) throws -> any ImageDataset { try openSound(split).dataset }

  /// The same, which know their numbers in the whole split.
  func openSound(_ split: DatasetSplit) throws -> UndamagedImages {
    let dataset = try openWhole(split)
    guard let skipDamaged else { return UndamagedImages(all: dataset) }
    let sound = try UndamagedImages(of: dataset, skippingAtMost: skipDamaged)
    warn(ofDamaged: sound, in: split)
    return sound
  }

  /// All images of a split, of which some may not be readable.
  func openWhole(_ split: DatasetSplit) throws -> any ImageDataset {
    let training = settings.flatMap { $0.size != nil || !source.needsSize ? $0 : nil }
    let dataset = try source.open(
      split: split, size: training.map(\.size) ?? (source.needsSize ? (model.height, model.width) : nil),
      channels: training.map(\.channels) ?? (source.needsSize ? model.channels : nil), seed: seed,
      toleratingDamage: skipDamaged != nil, reading: reading)
    warn(ofNotesOn: dataset)
    guard dataset.shape == model.imageShape else {
      throw ValidationError(
        "the images of \(source) are \(dataset.shape), the model takes \(model.imageShape): name others with --data")
    }
    if split == .test, let difference = settings?.difference(ofTest: dataset) {
      let sentence = "the images of \(source) are not those that the model was trained on: \(difference)"
      guard isNamed else { throw TrainingError(sentence + "; bring those back, or name images with --data") }
      warn(sentence)
    }
    return dataset
  }
}

/// Names the images that are left out, and says how many there are.
func warn(ofDamaged images: UndamagedImages, in split: DatasetSplit) {
  guard !images.damaged.isEmpty else { return }
  warn(images.damaged.map { "left out: \($0)" })
  warn(
    "\(counted(images.damaged.count, "image")) of the \(split.rawValue) split cannot be read and "
      + (images.damaged.count == 1 ? "is" : "are") + " left out, \(images.dataset.count) remain")
}

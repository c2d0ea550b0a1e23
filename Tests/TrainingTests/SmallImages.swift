import Datasets
import Flows
import FlowModels
import Foundation
import Runs
import Torch

@testable import Training

/// A few images in memory: slopes with a pattern that differs from image to image.
struct SmallImages: ImageDataset {
  var name: String { "small" }
  var split = DatasetSplit.train
  var shape = ImageShape(height: 4, width: 4, channels: 1)
  var count = 20
  var classNames: [String] = []
  var attributeNames: [String] = []

  func attribute(_ attribute: Int, at index: Int) -> Bool? { (attribute + index) % 3 == 0 }

  func label(at index: Int) -> Int? { classNames.isEmpty ? nil : index % classNames.count }

  func pixel(_ position: Int, of index: Int) -> UInt8 { UInt8((position * 11 + index * 37 + index * position) % 251) }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    for position in 0..<shape.elementCount { buffer[position] = pixel(position, of: index) }
  }
}

/// A model of four steps' work, and training of eight steps.
enum Small {
  static func model(classNames: [String] = []) -> GlowConfiguration {
    var model = GlowConfiguration(height: 4, width: 4, channels: 1, levels: 1, steps: 2, hidden: 4)
    model.classNames = classNames
    return model
  }

  static func realNVP() -> RealNVPConfiguration {
    var model = RealNVPConfiguration(height: 4, width: 4, channels: 1, levels: 2, blocks: 1, hidden: 3)
    model.couplings = 1
    return model
  }

  static func maskedGlow(attributes: [String]? = nil) -> MaskedGlowConfiguration {
    var glow = model()
    glow.attributes = attributes
    glow.labelConditioning = .everywhere
    glow.scale = .bounded
    return MaskedGlowConfiguration(pixelSteps: 3, pixelHidden: 4, before: glow)
  }

  static func training(_ change: (inout TrainingConfiguration) -> Void = { _ in }) -> TrainingConfiguration {
    var training = TrainingConfiguration(data: "small")
    training.images = 64
    training.batchSize = 8
    training.learningRate = 0.01
    training.warmupImages = 16
    training.averageImages = 32
    training.initializationImages = 16
    training.validateEvery = 24
    training.validationImages = 5
    training.checkpointEvery = 16
    training.precision = .float32
    change(&training)
    return training
  }

  /// Gives up at once.
  static var noRollBacks: Guards {
    var guards = Guards()
    guards.rollBacks = 0
    return guards
  }

  static func trainer(
    _ training: TrainingConfiguration = training(), model: any FlowConfiguration = model(), in folder: URL
  ) throws -> Trainer {
    try Runtime.setThreadCount(1)
    return try Trainer(
      model: model, training: training, train: images(for: model),
      validation: images(.validation, count: 6, for: model), run: RunFolder(folder))
  }

  /// Images with the labels and attributes of a model.
  static func images(
    _ split: DatasetSplit = .train, count: Int = 20, for model: any FlowConfiguration
  ) -> SmallImages {
    SmallImages(split: split, count: count, classNames: model.classNames, attributeNames: model.attributeNames)
  }

  static func resumed(
    _ folder: URL, images count: Int? = nil, changing changes: ChangedSettings = ChangedSettings()
  ) throws -> Trainer {
    // While another trainer writes, or where files are damaged, there is nothing to read: then the trainer says so.
    let model = (try? Trainer.savedModelConfiguration(of: RunFolder(folder))) ?? Small.model()
    return try Trainer(
      resuming: RunFolder(folder), images: count, changing: changes, train: images(for: model),
      validation: images(.validation, count: 6, for: model))
  }

  /// The files of the last checkpoint that decide how training goes on.
  static func state(_ folder: URL) throws -> [Data] {
    try ["model.safetensors", "training.safetensors"].map {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-64/\($0)"))
    }
  }

  /// Trains until `shouldStop` says so after some steps.
  static func stop(_ trainer: Trainer, after steps: Int) throws {
    var done = 0
    trainer.shouldStop = {
      done += 1
      return done == steps
    }
    try trainer.fit()
  }

  /// A model whose every parameter is random.
  static func randomModel(_ configuration: GlowConfiguration) throws -> Glow {
    let glow = try Glow(configuration, options: TensorOptions(.float64), seed: 3)
    let noise = try Tensor.normal(glow.parameters.values.shape, .float64, using: Generator(seed: 4)) * 0.2
    try glow.parameters.values.assign(glow.parameters.values + noise)
    return glow
  }
}

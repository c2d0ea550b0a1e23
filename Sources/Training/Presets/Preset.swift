import Datasets
import FlowModels

/// A model's shape and a training run's settings under one name. What the data decide (height, width, channels, class
/// names) is filled in when the data are open.
///
/// ```swift
/// let preset = Preset.named("demo")!
/// print(preset.summary, preset.model.summary, preset.training.batchSize)
/// ```
public struct Preset: Sendable {
  /// What `glow train --preset` takes.
  public let name: String
  /// One line for `glow presets` and `glow train --help`.
  public let summary: String
  /// With class names, a model of the data's labels where they have any; without, of the images alone.
  public var model: any FlowConfiguration
  /// The settings of the run; those of the data may be a pattern (``needsFolder``).
  public var training: TrainingConfiguration

  /// Every preset, in the order in which `glow presets` lists them.
  public static let all: [Preset] =
    [demo, fashionMNIST, toy] + drawnFaces + published + [realNVP, realNVPToy, realNVPCIFAR10] + maskedGlows

  /// The preset called `name`; nil where there is none.
  public static func named(_ name: String) -> Preset? { all.first { $0.name == name } }

  /// The kind of model that it trains.
  public var family: any FlowConfiguration.Type { type(of: model) }

  /// What training starts from where only a family of models is named: the family's first preset, or one of its standard
  /// model on Fashion-MNIST.
  public static func first(of family: any FlowConfiguration.Type) -> Preset {
    if let preset = all.first(where: { $0.family == family }) { return preset }
    var training = toy.training
    training.averageImages = 0
    return Preset(
      name: family.kind, summary: "a \(family.title) of the standard size", model: family.standard, training: training)
  }

  /// Whether `training.data` is only a pattern such as `cifar10:FOLDER`, in place of which a source has to be given.
  public var needsFolder: Bool { training.data.hasSuffix(":FOLDER") }

  /// Sized for 2 cores and a few minutes.
  public static let demo: Preset = {
    var model = fashionModel(steps: 8, hidden: 64)
    model.scale = .bounded
    var training = fashionTraining(images: 100_000, batchSize: 16)
    training.optimizer = .muon
    training.gradientClip = 0.5
    return Preset(
      name: "demo", summary: "Fashion-MNIST in one to three minutes on 2 cores", model: model, training: training)
  }()

  /// The shipped model's.
  public static let fashionMNIST: Preset = {
    var preset = demo
    var model = fashionModel(steps: 12, hidden: 96)
    model.scale = .bounded
    model.deviationLimit = 2
    preset.training.images = 800_000
    return Preset(
      name: "fashion-mnist", summary: "the shipped Fashion-MNIST model", model: model, training: preset.training)
  }()

  /// For tests and first tries: seconds.
  public static let toy: Preset = {
    var training = fashionTraining(images: 2_000, batchSize: 32)
    training.warmupImages = 500
    training.averageImages = 500
    training.validateEvery = 1_000
    training.validationImages = 200
    training.checkpointEvery = 1_000
    return Preset(
      name: "toy", summary: "a tiny model for tests: seconds", model: fashionModel(steps: 2, hidden: 16),
      training: training)
  }()

  /// A RealNVP of about the size of ``demo``'s Glow, on the same images.
  public static let realNVP: Preset = {
    let model = RealNVPConfiguration(height: 28, width: 28, channels: 1, levels: 2, blocks: 1, hidden: 16)
    var training = fashionTraining(images: 100_000, batchSize: 16)
    training.gradientClip = 0.5
    training.averageImages = 0
    return Preset(
      name: "realnvp", summary: "RealNVP on Fashion-MNIST, of about demo's size", model: model, training: training)
  }()

  /// For tests and first tries: seconds.
  public static let realNVPToy: Preset = {
    var model = RealNVPConfiguration(height: 28, width: 28, channels: 1, levels: 2, blocks: 1, hidden: 4)
    model.couplings = 2
    var training = toy.training
    training.averageImages = 0
    return Preset(
      name: "realnvp-toy", summary: "a tiny RealNVP for tests: seconds", model: model, training: training)
  }()

  /// The shape of RealNVP's CIFAR-10 run as published (section 4.1; 3.49 bits/dim): eight blocks, 64 channels, one squeeze.
  /// Its penalty on the sizes of the normalized weights is left out.
  public static let realNVPCIFAR10: Preset = {
    let model = RealNVPConfiguration(height: 32, width: 32, channels: 3, levels: 2, blocks: 8, hidden: 64)
    var training = TrainingConfiguration(data: "cifar10:FOLDER")
    training.batchSize = 64
    training.images = 50_000_000
    training.optimizer = .adam
    training.warmupImages = 0
    training.averageImages = 0
    training.gradientClip = 100
    training.augmentation = Augmentation(horizontalFlip: true)
    training.validateEvery = 500_000
    training.checkpointEvery = 100_000
    return Preset(
      name: "realnvp-cifar10", summary: "RealNVP's CIFAR-10 shape as published: 8 blocks, 64 channels", model: model,
      training: training)
  }()

  private static func fashionModel(steps: Int, hidden: Int) -> GlowConfiguration {
    var model = GlowConfiguration(height: 28, width: 28, channels: 1, levels: 2, steps: steps, hidden: hidden)
    model.classNames = FashionMNIST.classNames
    model.labelConditioning = .everywhere
    // With 0, the inverse divides by scales that the conditioner drives towards zero off the data, and samples saturate.
    model.minimumScale = 0.3
    model.edgeChannel = true
    return model
  }

  private static func fashionTraining(images: Int, batchSize: Int) -> TrainingConfiguration {
    var training = TrainingConfiguration(data: "fashion-mnist")
    training.images = images
    training.batchSize = batchSize
    training.optimizer = .adam
    training.learningRate = 2e-3
    training.warmupImages = 100 * batchSize
    training.decay = .cosine
    training.averageImages = 200 * batchSize
    training.gradientClip = 1
    training.checkpointEvery = 20_000
    training.validateEvery = 20_000
    return training
  }
}

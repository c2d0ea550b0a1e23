import Datasets
import FlowModels

/// The runs of Kingma & Dhariwal (2018): table 2 and figures 3 to 7, with the settings of the released program.
///
/// It counts warm-up (10 epochs of 50,000 images at 32x32), the horizon of the average and that of beta2 (1 epoch) in
/// steps of 64 images on each rank, whatever the images' size: 977 and 98 steps on the 8 ranks of the quantitative runs,
/// 196 and 20 on the 40 of the qualitative ones. It names no end; here a run ends after 50 million images at up to 64x64
/// pixels and after 10 million above.
extension Preset {
  static let published: [Preset] = [
    cifar10, imageNet32, imageNet64, lsun64, lsun96, lsun128, celebAHQ256, cifar10Conditional, imageNet32Conditional,
  ]

  /// Table 2: 3.35 bits/dim.
  public static let cifar10: Preset = {
    var preset = quantitative(
      "cifar10", "CIFAR-10 as published (3.35 bits/dim)", data: "cifar10:FOLDER", size: 32, levels: 3, steps: 32,
      batch: 512, perPass: 64)
    preset.training.augmentation = Augmentation(shift: 0.1)
    return preset
  }()

  /// Table 2: 4.09 bits/dim.
  public static let imageNet32 = quantitative(
    "imagenet32", "ImageNet at 32x32 as published (4.09 bits/dim)", data: "imagenet32:FOLDER", size: 32, levels: 3,
    steps: 48, batch: 512, perPass: 64)

  /// Table 2: 3.81 bits/dim.
  public static let imageNet64 = quantitative(
    "imagenet64", "ImageNet at 64x64 as published (3.81 bits/dim)", data: "imagenet64:FOLDER", size: 64, levels: 4,
    steps: 48, batch: 128, perPass: 16)

  /// Table 2: 2.38 (bedroom), 2.46 (tower) and 2.67 (church) bits/dim.
  public static let lsun64 = quantitative(
    "lsun64", "LSUN, random 64x64 crops at 96 pixels, as published (bedroom: 2.38 bits/dim)",
    data: "lsun-bedroom,crop=96:FOLDER", size: 64, levels: 3, steps: 48, batch: 128, perPass: 16)

  /// The batch is the released program's: 7 images (64 at 32x32, by area) on each of 40 ranks.
  public static let lsun96 = qualitative(
    "lsun96", "LSUN at 96x96, 5 bits, for samples, as published", data: "lsun-bedroom:FOLDER", size: 96, levels: 5,
    steps: 64, batch: 280, perPass: 7)

  /// The batch is the released program's: 4 images (64 at 32x32, by area) on each of 40 ranks.
  public static let lsun128 = qualitative(
    "lsun128", "LSUN at 128x128, 5 bits, for samples, as published", data: "lsun-bedroom:FOLDER", size: 128, levels: 5,
    steps: 64, batch: 160, perPass: 4)

  /// Its data-dependent initialization takes 64 images instead of 160, to fit the memory.
  public static let celebAHQ256: Preset = {
    var preset = qualitative(
      "celebahq256", "CelebA-HQ at 256x256, 5 bits, for samples, as published", data: "celebahq:FOLDER", size: 256,
      levels: 6, steps: 32, batch: 40, perPass: 2)
    preset.training.initializationImages = 64
    return preset
  }()

  /// The released program's class-conditional CIFAR-10: the label in the top prior, and 0.01 times a classifier's loss.
  public static let cifar10Conditional: Preset = {
    var preset = conditional(
      "cifar10_cond", "CIFAR-10 with labels and a classifier, 5 bits, as published", data: "cifar10:FOLDER", steps: 32,
      labels: CIFAR10.classNames)
    preset.training.augmentation = Augmentation(shift: 0.1)
    return preset
  }()

  /// The released program's class-conditional ImageNet at 32x32, whose labels are called `1` to `1000`.
  public static let imageNet32Conditional = conditional(
    "imagenet32_cond", "ImageNet at 32x32 with labels and a classifier, 5 bits, as published",
    data: "imagenet32:FOLDER", steps: 48, labels: (1...1000).map(String.init))

  /// On 8 ranks: affine, 8 bits.
  private static func quantitative(
    _ name: String, _ summary: String, data: String, size: Int, levels: Int, steps: Int, batch: Int, perPass: Int
  ) -> Preset {
    Preset(
      name: name, summary: summary, model: publishedModel(size: size, levels: levels, steps: steps),
      training: publishedTraining(
        data: data, size: size, batch: batch, perPass: perPass, warmupSteps: 977, horizonSteps: 98))
  }

  /// On 40 ranks: additive, 5 bits.
  private static func qualitative(
    _ name: String, _ summary: String, data: String, size: Int, levels: Int, steps: Int, batch: Int, perPass: Int
  ) -> Preset {
    var model = publishedModel(size: size, levels: levels, steps: steps)
    model.coupling = .additive
    model.bits = 5
    return Preset(
      name: name, summary: summary, model: model,
      training: publishedTraining(
        data: data, size: size, batch: batch, perPass: perPass, warmupSteps: 196, horizonSteps: 20))
  }

  /// On 8 ranks: additive, 5 bits, labels in the top prior and 0.01 times the classifier's cross-entropy.
  private static func conditional(
    _ name: String, _ summary: String, data: String, steps: Int, labels: [String]
  ) -> Preset {
    var model = publishedModel(size: 32, levels: 3, steps: steps)
    model.coupling = .additive
    model.bits = 5
    model.classNames = labels
    model.classifier = true
    var training = publishedTraining(
      data: data, size: 32, batch: 512, perPass: 64, warmupSteps: 977, horizonSteps: 98)
    training.weightY = 0.01
    return Preset(name: name, summary: summary, model: model, training: training)
  }

  private static func publishedModel(size: Int, levels: Int, steps: Int) -> GlowConfiguration {
    var model = GlowConfiguration(
      height: size, width: size, channels: 3, levels: levels, steps: steps, hidden: 512)
    model.permutation = .conv1x1
    model.edgeChannel = true
    model.logScaleFactor = 3
    return model
  }

  /// - Parameter perPass: so many images that every activation of a pass takes less than 8 GB: with what a step of flow
  ///   needs besides, a run trains in 24 GB without rebuilding any.
  private static func publishedTraining(
    data: String, size: Int, batch: Int, perPass: Int, warmupSteps: Int, horizonSteps: Int
  ) -> TrainingConfiguration {
    var training = TrainingConfiguration(data: data)
    (training.height, training.width, training.channels) = (size, size, 3)
    training.batchSize = batch
    training.microBatch = perPass
    training.images = size > 64 ? 10_000_000 : 50_000_000
    training.beta2 = 1 - 1 / Double(horizonSteps)
    training.warmupImages = warmupSteps * batch
    training.averageImages = horizonSteps * batch
    training.validateEvery = 500_000
    training.checkpointEvery = 100_000
    return training
  }
}

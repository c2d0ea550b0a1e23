import Datasets
import FlowModels

extension Preset {
  static let maskedGlows: [Preset] = [maskedGlow, photos, maskedGlowToy, maskedCIFAR10, maskedImageNet32]

  /// A MaskedGlow that takes about as long as ``demo``'s Glow, on the same images: two steps of flow a level have made room for four on
  /// the pixels.
  public static let maskedGlow: Preset = {
    var preset = demo
    let model = preset.model as! GlowConfiguration
    preset.model = masked(model, pixelHidden: 32)
    // Muon makes all directions of a weight grow alike, also those that images say little of.
    preset.training.weightDecay = 0.03
    return Preset(
      name: "masked-glow", summary: "MaskedGlow on Fashion-MNIST, of about demo's cost", model: preset.model,
      training: preset.training)
  }()

  /// The shipped photographs'.
  public static let photos: Preset = {
    var preset = maskedGlow
    var model = preset.model as! MaskedGlowConfiguration
    model.pixelSteps = 6
    model.pixelHidden = 48
    (model.glow.height, model.glow.width, model.glow.channels) = (32, 32, 3)
    (model.glow.levels, model.glow.steps, model.glow.hidden) = (3, 9, 128)
    preset.training.data = ".data/photo-patches-32-all"
    preset.training.images = 420_000
    preset.training.augmentation.horizontalFlip = true
    return Preset(
      name: "photos", summary: "the shipped photographs, in half an hour to an hour on 2 cores", model: model,
      training: preset.training)
  }()

  /// For tests and first tries: seconds.
  public static let maskedGlowToy: Preset = {
    let model = MaskedGlowConfiguration(
      pixelSteps: 2, pixelHidden: 8, before: toy.model as! GlowConfiguration)
    return Preset(
      name: "masked-glow-toy", summary: "a tiny MaskedGlow for tests: seconds", model: model, training: toy.training)
  }()

  /// ``cifar10`` with a quarter of its steps of flow on the pixels.
  public static let maskedCIFAR10 = published(
    "masked-cifar10", "MaskedGlow on CIFAR-10, of the published Glow's cost or less", cifar10)

  /// ``imageNet32`` with a quarter of its steps of flow on the pixels.
  public static let maskedImageNet32 = published(
    "masked-imagenet32", "MaskedGlow on ImageNet at 32x32, of the published Glow's cost or less", imageNet32)

  private static func published(_ name: String, _ summary: String, _ glow: Preset) -> Preset {
    var model = glow.model as! GlowConfiguration
    // Its scales start at 1 and are bounded: every order of the pixels is one more chance to run away.
    model.scale = .bounded
    return Preset(name: name, summary: summary, model: masked(model, pixelHidden: 128), training: glow.training)
  }

  /// A quarter of `glow`'s steps gives way to four masked steps.
  private static func masked(_ glow: GlowConfiguration, pixelHidden: Int) -> MaskedGlowConfiguration {
    var glow = glow
    glow.steps -= glow.steps / 4
    glow.deviationLimit = 2
    return MaskedGlowConfiguration(pixelSteps: 4, pixelHidden: pixelHidden, before: glow)
  }
}

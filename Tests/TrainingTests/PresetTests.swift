import FlowModels
import Testing

@testable import Training

/// The runs of Kingma & Dhariwal (2018).
@Suite struct PresetTests {
  struct Run: Sendable, CustomTestStringConvertible {
    let name: String
    let levels, steps, size, batch, bits: Int
    let coupling: GlowConfiguration.CouplingKind
    /// Steps of warm-up, and those that the average looks back.
    var warmup = 977
    var horizon = 98
    var weightY = 0.0

    var testDescription: String { name }

    static let all = [
      Run(name: "cifar10", levels: 3, steps: 32, size: 32, batch: 512, bits: 8, coupling: .affine),
      Run(name: "imagenet32", levels: 3, steps: 48, size: 32, batch: 512, bits: 8, coupling: .affine),
      Run(name: "imagenet64", levels: 4, steps: 48, size: 64, batch: 128, bits: 8, coupling: .affine),
      Run(name: "lsun64", levels: 3, steps: 48, size: 64, batch: 128, bits: 8, coupling: .affine),
      Run(
        name: "lsun96", levels: 5, steps: 64, size: 96, batch: 280, bits: 5, coupling: .additive, warmup: 196,
        horizon: 20),
      Run(
        name: "lsun128", levels: 5, steps: 64, size: 128, batch: 160, bits: 5, coupling: .additive, warmup: 196,
        horizon: 20),
      Run(
        name: "celebahq256", levels: 6, steps: 32, size: 256, batch: 40, bits: 5, coupling: .additive, warmup: 196,
        horizon: 20),
      Run(
        name: "cifar10_cond", levels: 3, steps: 32, size: 32, batch: 512, bits: 5, coupling: .additive, weightY: 0.01),
      Run(
        name: "imagenet32_cond", levels: 3, steps: 48, size: 32, batch: 512, bits: 5, coupling: .additive,
        weightY: 0.01),
    ]
  }

  @Test(arguments: Run.all) func published(run: Run) throws {
    let preset = try #require(Preset.named(run.name))
    let model = try #require(preset.model as? GlowConfiguration)
    let training = preset.training
    #expect([model.levels, model.steps, model.hidden, model.bits] == [run.levels, run.steps, 512, run.bits])
    #expect([model.height, model.width, model.channels] == [run.size, run.size, 3])
    #expect([training.height, training.width, training.channels] == [run.size, run.size, 3])
    #expect(model.coupling == run.coupling && model.scale == .sigmoid && model.permutation == .conv1x1)
    #expect(model.edgeChannel && model.learnTop && model.logScaleFactor == 3 && model.minimumScale == 0)
    #expect(training.batchSize == run.batch && training.optimizer == .adamax && training.learningRate == 1e-3)
    #expect(training.warmupImages == run.warmup * run.batch && training.averageImages == run.horizon * run.batch)
    #expect(abs(training.beta2 - (1 - 1 / Double(run.horizon))) < 1e-12)
    #expect(training.decay == .none && training.gradientClip == 0 && training.weightDecay == nil)
    #expect(model.classifier == (run.weightY > 0) && training.weightY == run.weightY)
    #expect(model.classNames.isEmpty != model.classifier && model.labelConditioning == .prior)
    #expect(training.augmentation.shift == (run.name.hasPrefix("cifar10") ? 0.1 : 0))
    #expect(!training.augmentation.horizontalFlip)
    #expect(preset.needsFolder)
  }

  /// In 24 GB there is room beside the activations: libtorch's copies of the largest layer, weights, moments, images.
  @Test(arguments: Run.all) func activationsOfAPassFit(run: Run) throws {
    let preset = try #require(Preset.named(run.name))
    let model = try #require(preset.model as? GlowConfiguration)
    let perPass = preset.training.imagesPerPass
    #expect(preset.training.batchSize % perPass == 0)
    #expect(KeptActivations.all(of: model).bytes(of: model, batch: perPass) < 8_000_000_000)
  }

  @Test func everyPublishedRunHasAPreset() {
    #expect(Set(Preset.published.map(\.name)) == Set(Run.all.map(\.name)))
    #expect(
      Preset.all.filter { !$0.needsFolder }.map(\.name) == [
        "demo", "fashion-mnist", "toy", "faces", "faces32", "realnvp", "realnvp-toy", "masked-glow", "photos",
        "masked-glow-toy",
      ])
  }

  /// Two steps of flow a level give way to four masked steps, and the cost stays about the same; all else is demo's.
  @Test func maskedGlowsPresetIsOfDemosSize() throws {
    let sizes = [Preset.demo, .maskedGlow].map(\.model.parameterCount)
    #expect(sizes[1] < sizes[0] && Double(sizes[1]) > 0.7 * Double(sizes[0]), "\(sizes)")
    #expect(Preset.maskedGlow.training.images == Preset.demo.training.images)
  }
}

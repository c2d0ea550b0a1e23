import FlowModels
import TestSupport
import Testing
import Torch

/// Models that begin as others.
@Suite(.serialized) struct TakingTests {
  private func random<Configuration: FlowConfiguration>(
    _ configuration: Configuration, seed: UInt64 = 2
  ) throws -> MultiscaleFlow<Configuration> {
    let model = try MultiscaleFlow(configuration, options: TensorOptions(.float64), seed: seed)
    try model.parameters.values.addInPlace(randomTensor(model.parameters.values.shape, seed: seed, scale: 0.1))
    return model
  }

  private func glow(_ change: (inout GlowConfiguration) -> Void = { _ in }) -> GlowConfiguration {
    var configuration = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 2, steps: 2, hidden: 4)
    change(&configuration)
    return configuration
  }

  @Test func theSameModel() throws {
    let old = try random(glow())
    let new = try Glow(glow(), options: TensorOptions(.float64), seed: 9)
    let taken = try new.take(from: old)
    #expect(taken.new.isEmpty && taken.left.isEmpty && taken.partly.isEmpty)
    #expect("\(taken)" == "all \(taken.taken.count) tensors are taken")
    let x = try randomImages([3, 8, 8, 1], seed: 1)
    try expectClose(new.logProbability(x), old.logProbability(x), within: 0, "log-likelihood")
  }

  @Test func averagesOfARealNVP() throws {
    let configuration = RealNVPConfiguration(height: 8, width: 8, channels: 1, levels: 2, blocks: 1, hidden: 3)
    let old = try random(configuration)
    for (index, buffer) in old.buffers.enumerated() where buffer.value.dtype.isFloatingPoint {
      try buffer.value.assign(randomTensor(buffer.value.shape, seed: UInt64(index)).exponential())
    }
    var larger = configuration
    (larger.height, larger.width) = (16, 12)
    let new = try RealNVP(configuration, options: TensorOptions(.float64), seed: 9)
    #expect(try new.take(from: old).new.isEmpty)
    let x = try randomImages([3, 8, 8, 1], seed: 1)
    try expectClose(new.logProbability(x), old.logProbability(x), within: 0, "log-likelihood")
    #expect(try RealNVP(larger, options: TensorOptions(.float64), seed: 9).take(from: old).new.isEmpty)
  }

  /// The 3x3 convolutions do not know how large an image is.
  @Test func anotherSize() throws {
    let old = try random(MaskedGlowConfiguration(pixelSteps: 2, pixelHidden: 3, before: glow()))
    let new = try MaskedGlow(
      MaskedGlowConfiguration(pixelSteps: 2, pixelHidden: 3, before: glow { ($0.height, $0.width) = (16, 12) }),
      options: TensorOptions(.float64), seed: 9)
    #expect(try new.take(from: old).new.isEmpty)
    #expect(try new.logProbability(randomImages([2, 16, 12, 1], seed: 1)).isAllFinite())
  }

  /// Told nothing, a model of attributes is the model that it began as.
  @Test func newAttributes() throws {
    let old = try random(glow())
    let configuration = glow { try! $0.condition(onAttributes: ["hat", "beard"]) }
    let new = try Glow(configuration, options: TensorOptions(.float64), seed: 9)
    let taken = try new.take(from: old)
    #expect(taken.new.count == 6 && taken.new.allSatisfy { $0.hasSuffix(".labelEmbedding") })
    #expect(
      "\(taken)".hasSuffix(
        "; new: level*.step*.coupling.conditioner.conv1.labelEmbedding, level*.split.prior.labelEmbedding, "
          + "prior.labelEmbedding"), "\(taken)")
    let x = try randomImages([2, 8, 8, 1], seed: 1)
    let rows = try Tensor([1, -1, 1, 0]).reshaped([2, 2]).converted(to: .float64)
    try expectClose(new.logProbability(x, labels: rows), old.logProbability(x), within: 1e-12, "log-likelihood")
  }

  /// Labels are known by their names, wherever they stand.
  @Test(arguments: GlowConfiguration.LabelConditioning.allCases)
  func labelsByName(conditioning: GlowConfiguration.LabelConditioning) throws {
    let names = ["cat", "dog", "eel"]
    let old = try random(glow { ($0.classNames, $0.labelConditioning) = (names, conditioning) })
    let new = try Glow(
      glow { ($0.classNames, $0.labelConditioning) = (["eel", "fox", "cat"], conditioning) },
      options: TensorOptions(.float64), seed: 9)
    let taken = try new.take(from: old)
    #expect(taken.partly.count == (conditioning == .prior ? 1 : conditioning == .priors ? 2 : 6))
    #expect("\(taken)".contains("(2 of 3 labels)"), "\(taken)")
    let x = try randomImages([2, 8, 8, 1], seed: 1)
    let (ours, theirs) = (try Tensor([0, 2]), try Tensor([2, 0]))
    try expectClose(
      new.logProbability(x, labels: ours), old.logProbability(x, labels: theirs), within: 1e-12, "log-likelihood")
  }

  /// One value for all positions becomes one for each.
  @Test func labelsAtEveryPosition() throws {
    let old = try random(glow { ($0.classNames, $0.labelConditioning) = (["a", "b"], .priors) })
    let new = try Glow(
      glow { ($0.classNames, $0.labelConditioning) = (["a", "b"], .everywhere) }, options: TensorOptions(.float64),
      seed: 9)
    let taken = try new.take(from: old)
    #expect(taken.new.count == 4 && taken.partly.isEmpty)
    let x = try randomImages([2, 8, 8, 1], seed: 1)
    let labels = try Tensor([1, 0])
    try expectClose(
      new.logProbability(x, labels: labels), old.logProbability(x, labels: labels), within: 1e-12, "log-likelihood")
  }

  @Test func whatHasNoPlaceIsSaid() throws {
    let old = try random(
      glow {
        $0.classNames = ["a", "b"]
        $0.classifier = true
      })
    let new = try Glow(glow(), options: TensorOptions(.float64), seed: 9)
    let taken = try new.take(from: old)
    #expect(taken.left == ["prior.labelEmbedding", "classifier.weight", "classifier.bias", "classifier.logScale"])
    #expect("\(taken)".hasSuffix("; left out: \(taken.left.joined(separator: ", "))"), "\(taken)")
    let others = try Glow(
      glow {
        $0.classNames = ["a", "c"]
        $0.classifier = true
      }, options: TensorOptions(.float64), seed: 9)
    #expect(try others.take(from: old).new == ["classifier.weight", "classifier.bias", "classifier.logScale"])
  }

  @Test func refusals() throws {
    let old = try random(glow())
    func refuse(_ configuration: any FlowConfiguration, _ words: String..., old: any FlowModel) throws {
      let new = try configuration.makeModel(options: TensorOptions(.float64), seed: 1)
      let error = try #require(throws: ModelError.self) { try new.take(from: old) }
      for word in words { #expect("\(error)".contains(word), "\(error)") }
    }
    try refuse(RealNVPConfiguration.standard, "a RealNVP cannot begin as a Glow", old: old)
    try refuse(glow { $0.channels = 3 }, "1 channel", "these have 3", old: old)
    try refuse(glow { $0.scale = .bounded }, "field scale is another", old: old)
    try refuse(glow { $0.levels = 1 }, "field levels", old: old)
    let masked = MaskedGlowConfiguration(pixelSteps: 1, pixelHidden: 2, before: glow())
    var other = masked
    other.glow.hidden = 5
    try refuse(other, "field glow.hidden", old: random(masked))
    try refuse(
      glow {
        $0.priors = .diagonal
        $0.height = 16
      }, "tensor level1.split.gaussian has shape [1, 4, 4, 4]", "[1, 8, 4, 4]",
      old: random(glow { $0.priors = .diagonal }))
  }
}

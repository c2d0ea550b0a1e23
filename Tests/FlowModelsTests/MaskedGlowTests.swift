import Flows
import Foundation
import TestSupport
import Testing
import Torch

@testable import FlowModels

/// A configuration under a name.
struct MaskedGlowVariant: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let configuration: MaskedGlowConfiguration

  static let all = [
    MaskedGlowVariant("plain", pixelSteps: 4),
    MaskedGlowVariant("labels everywhere", pixelSteps: 1, width: 12) {
      $0.glow.classNames = ["a", "b"]
      $0.glow.labelConditioning = .everywhere
      $0.glow.edgeChannel = true
      $0.glow.permutation = .conv1x1
    },
    MaskedGlowVariant("attributes", pixelSteps: 1) {
      $0.glow.attributes = ["a", "b"]
      $0.glow.labelConditioning = .everywhere
      $0.glow.deviationLimit = 1
    },
    MaskedGlowVariant("classified", pixelSteps: 2, channels: 1) {
      $0.glow.classNames = ["a", "b", "c"]
      $0.glow.classifier = true
      $0.glow.permutation = .shuffle
    },
  ]

  init(
    _ name: String, pixelSteps: Int, width: Int = 8, channels: Int = 3,
    _ change: (inout MaskedGlowConfiguration) -> Void = { _ in }
  ) {
    testDescription = name
    var glow = GlowConfiguration(height: 8, width: width, channels: channels, levels: 2, steps: 2, hidden: 6)
    glow.scale = .bounded
    var configuration = MaskedGlowConfiguration(pixelSteps: pixelSteps, pixelHidden: 4, before: glow)
    change(&configuration)
    self.configuration = configuration
  }

  /// A model whose every parameter is random.
  func model(_ dtype: DType = .float64) throws -> MaskedGlow {
    let model = try MaskedGlow(configuration, options: TensorOptions(dtype), seed: 3)
    let noise = try randomTensor(model.parameters.values.shape, seed: 4, scale: 0.1)
    try model.parameters.values.addInPlace(noise.converted(to: dtype))
    return model
  }

  func images(_ count: Int, _ dtype: DType = .float64) throws -> Tensor {
    try randomImages([count, configuration.height, configuration.width, configuration.channels], seed: 5, dtype)
  }

  /// Each label in turn, or attributes; nil for a model without.
  func labels(_ count: Int) throws -> Tensor? {
    let attributes = configuration.attributeNames.count
    if attributes > 0 { return try attributeRows(count, attributes) }
    guard configuration.classCount > 0 else { return nil }
    return try Tensor((0..<count).map { $0 % configuration.classCount })
  }
}

@Suite(.serialized) struct MaskedGlowTests {
  @Test(arguments: MaskedGlowVariant.all) func parametersAreCountedWithoutTheModel(variant: MaskedGlowVariant) throws {
    #expect(variant.configuration.parameterCount == (try MaskedGlow(variant.configuration)).parameters.count)
  }

  /// log p(x) against the determinant of the whole map to the standardized latents, by autograd.
  @Test(arguments: MaskedGlowVariant.all) func densityEqualsTheJacobian(variant: MaskedGlowVariant) throws {
    let model = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    let found = try model.logProbability(x, labels: labels).elements(Double.self)
    for index in 0..<2 {
      let range = index..<index + 1
      let (image, label) = (try x.narrowed(0, range), try labels?.narrowed(0, range))
      let rows = try model.conditions(of: label, count: 1)
      let jacobian = try autogradJacobian(
        of: { copies in
          let labels = try rows?.expanded(to: [copies.shape[0], -1])
          return try standardized(model, copies, under: Context(labels: labels))
        }, at: image)
      let z = try model.encode(image, labels: label).flattened()
      let gaussian = try (z.squared() * -0.5 - 0.5 * log(2 * Double.pi)).sum().item()
      let expected = try jacobian.signAndLogDeterminant().logDeterminant.item() + gaussian
      expectClose([found[index]], [expected], within: 1e-9, "log-probability")
    }
  }

  /// What ``MaskedGlow/encode(_:labels:)`` computes, under autograd, `[batch, dimensions]`.
  private func standardized(_ model: MaskedGlow, _ x: Tensor, under context: Context) throws -> Tensor {
    var x = x
    var latents: [Tensor] = []
    for level in model.levels {
      let y = try level.chain.forward(x, under: context, keep: false).y
      let latent: Tensor
      if let split = level.split {
        let (kept, taken) = try split.divide(y)
        latent = try split.distribution(given: kept, under: context).standardize(taken)
        x = kept
      } else {
        latent = try model.prior.distribution(under: context).standardize(y)
      }
      latents.append(try latent.reshaped([x.shape[0], -1]))
    }
    return try .concatenating(latents, alongDimension: 1)
  }

  @Test(arguments: MaskedGlowVariant.all) func roundTrips(variant: MaskedGlowVariant) throws {
    for (dtype, tolerance) in [(DType.float64, 1e-10), (.float32, 1e-4)] {
      let model = try variant.model(dtype)
      let (x, labels) = (try variant.images(3, dtype), try variant.labels(3))
      let latents = try model.encode(x, labels: labels)
      for (level, latent) in latents.levels.enumerated() {
        #expect(latent.shape == [3] + variant.configuration.latentShape(level: level + 1))
      }
      try expectClose(model.decode(latents, labels: labels), x, within: tolerance, "images")
      let noise = try model.noise(count: 3, using: Generator(seed: 1))
      try expectClose(
        model.encode(model.decode(noise, labels: labels), labels: labels).flattened(), noise.flattened(),
        within: tolerance * 100, "latents")
    }
  }

  /// The same gradients whatever is kept, against numerical derivatives of the loss in a random direction.
  @Test(arguments: MaskedGlowVariant.all) func gradientsUnderEveryPolicy(variant: MaskedGlowVariant) throws {
    let model = try variant.model()
    let (x, labels) = (try variant.images(3), try variant.labels(3))
    func gradients(_ kept: KeptActivations?) throws -> Tensor {
      try model.parameters.zeroGradients()
      try model.accumulateGradients(x, labels: labels, keeping: kept)
      return try model.parameters.gradients.copy()
    }
    let reversible = try gradients(nil)
    let all = KeptActivations.all(of: variant.configuration)
    #expect(all.steps == [variant.configuration.pixelSteps, 2, 2] && all.fits(variant.configuration))
    var pixels = KeptActivations.none(of: variant.configuration)
    pixels.steps[0] = 1
    for kept in [all, pixels] {
      try expectClose(gradients(kept), reversible, within: 1e-9, "kept \(kept.steps)")
    }

    let direction = try randomTensor(model.parameters.values.shape, seed: 12, scale: 1)
    let own = try model.parameters.values.copy()
    func loss(_ step: Double) throws -> Double {
      try model.parameters.values.assign(own + direction * step)
      let nats = try model.logProbability(x, labels: labels).mean().item()
      return -nats / (Double(variant.configuration.dimensions) * log(2))
    }
    let step = 1e-5
    let slope = (try loss(step) - loss(-step)) / (2 * step)
    expectClose([try (reversible * direction).sum().item()], [slope], within: 1e-6, "slope of the loss")
  }

  @Test func aTrainingStepLeavesNothingBehind() throws {
    let variant = MaskedGlowVariant.all[0]
    let model = try variant.model(.float32)
    let x = try variant.images(2, .float32)
    for kept in [KeptActivations.none(of: variant.configuration), .all(of: variant.configuration)] {
      func step() throws {
        try model.parameters.zeroGradients()
        try model.accumulateGradients(x, keeping: kept)
      }
      try step()
      try expectNoLeak("a step") { try step() }
    }
  }

  @Test(arguments: MaskedGlowVariant.all, [DType.float32, .float64])
  func savedAndRead(variant: MaskedGlowVariant, dtype: DType) throws {
    try withTemporaryFolder { folder in
      let model = try variant.model(dtype)
      try ModelFolder.write(model, to: folder)
      let read = try #require(try ModelFolder.read(folder, options: TensorOptions(dtype)) as? MaskedGlow)
      #expect(read.configuration == variant.configuration)
      try expectEqual(read.parameters.values, model.parameters.values, "parameters")
      let (x, labels) = (try variant.images(2, dtype), try variant.labels(2))
      try expectEqual(
        read.logProbability(x, labels: labels), model.logProbability(x, labels: labels), "density")
    }
  }

  /// Flags and errors name a field by its own name, whichever part of the configuration holds it.
  @Test func fieldsAreSetByName() throws {
    var configuration = MaskedGlowConfiguration.standard
    for (name, value) in [
      ("pixelSteps", FieldValue.integer(2)), ("steps", .integer(3)), ("classifier", .toggle(false)),
    ] {
      let field = try #require(MaskedGlowConfiguration.fields.first { $0.name == name })
      field.set(&configuration, value)
    }
    #expect(configuration.pixelSteps == 2 && configuration.glow.steps == 3)
    #expect(Set(MaskedGlowConfiguration.fields.map(\.name)).count == MaskedGlowConfiguration.fields.count)
    configuration.pixelSteps = 0
    let error = try #require(throws: ModelError.self) { try configuration.validate() }
    #expect(error.description == "pixelSteps is 0, expected 1 to 256")
  }
}

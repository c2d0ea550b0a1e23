import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct DensityTests {
  private static let small = [
    Variant("one level", height: 4, width: 4, channels: 1, levels: 1),
    Variant("two levels", height: 4, width: 4, channels: 1, levels: 2) { $0.edgeChannel = true },
    Variant("non-square, exponential", height: 4, width: 8, channels: 1, levels: 2) {
      $0.scale = .exponential
      $0.permutation = .conv1x1
    },
    Variant("additive", height: 4, width: 4, channels: 2, levels: 2) {
      $0.coupling = .additive
      $0.permutation = .shuffle
    },
    Variant("conditional", height: 4, width: 4, channels: 1, levels: 2) {
      $0.classNames = ["a", "b"]
      $0.labelConditioning = .everywhere
      $0.minimumScale = 0.2
    },
  ]

  /// log p(x) = log N(eps; 0, 1) + log|det d eps / d x|, with the whole Jacobian by finite differences.
  @Test(arguments: small) func changeOfVariables(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    func flatEps(_ image: Int, _ x: Tensor) throws -> Tensor {
      let own = try labels?.narrowed(0, image..<image + 1).expanded(to: [x.shape[0]])
      return try glow.encode(x, labels: own).flattened()
    }
    let expected = try (0..<2).map { image in
      let single = try x.narrowed(0, image..<image + 1)
      let jacobian = try numericalJacobian(of: { try flatEps(image, $0) }, at: single)
      let logDeterminant = try jacobian.signAndLogDeterminant().logDeterminant.item()
      let squares = try flatEps(image, single).squared().sum().item()
      return logDeterminant - squares / 2 - Double(variant.configuration.dimensions) / 2 * log(2 * Double.pi)
    }
    expectClose(
      try glow.logProbability(x, labels: labels).elements(), expected, within: 1e-8, "log-probability")
  }

  /// What the positions of all levels add is the whole.
  @Test(arguments: Variant.all) func bitsPerPosition(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    let levels = try glow.bitsPerPosition(x, labels: labels)
    #expect(
      levels.map(\.shape)
        == (1...variant.configuration.levels).map { [2] + variant.configuration.latentShape(level: $0).prefix(2) })
    let sums = try levels.map { try $0.sum([1, 2]) }
    let whole = try sums.dropFirst().reduce(sums[0]) { try $0 + $1 } / Double(variant.configuration.dimensions)
    try expectClose(whole, glow.bitsPerDimension(x, labels: labels), within: 1e-12, "bits")
  }

  /// A change in one corner of an image moves no bits at the other end, beyond what the couplings see.
  @Test func bitsLieWhereTheChangeIs() throws {
    let variant = Variant("wide", height: 4, width: 64, channels: 1, levels: 1)
    let glow = try variant.model()
    let x = try variant.images(1)
    let changed = try x.copy()
    try changed.narrowed(2, 0..<2).assign(Tensor([0.4]))
    let (before, after) = (
      try glow.bitsPerPosition(x, labels: nil)[0], try glow.bitsPerPosition(changed, labels: nil)[0]
    )
    let moved = try (after - before).magnitude().sum([0, 1]).elements(Double.self)
    #expect(moved[0] > 0.01 && moved[16...].allSatisfy { $0 < 1e-12 })
  }

  /// A model of which every part is at its start is a standard normal under rotations, or scaled by the couplings.
  @Test func fresh() throws {
    let variant = Variant("additive") { $0.coupling = .additive }
    let glow = try Glow(variant.configuration, options: TensorOptions(.float64), seed: 1)
    let x = try variant.images(2)
    let squares = try x.squared().sum([1, 2, 3]).elements(Double.self)
    let dimensions = Double(variant.configuration.dimensions)
    expectClose(
      try glow.logProbability(x).elements(), squares.map { -$0 / 2 - dimensions / 2 * log(2 * Double.pi) },
      within: 1e-13, "log-probability")
  }

  @Test(arguments: Variant.all) func initialization(variant: Variant) throws {
    let glow = try Glow(variant.configuration, options: TensorOptions(.float64), seed: 1)
    let (x, labels) = (try variant.images(16) * 0.2 + 0.1, try variant.labels(16))
    let before = try glow.logProbability(x, labels: labels).mean().item()
    try glow.initialize(from: x, labels: labels)
    #expect(try glow.logProbability(x, labels: labels).mean().item() > before)
    if variant.configuration.coupling == .additive {
      // The last ActNorm is followed by a reversal of the channels and a coupling that does nothing yet.
      for level in try glow.encode(x, labels: labels).levels {
        let channels = level.shape[3]
        try expectClose(level.mean([0, 1, 2]), .zeros([channels], .float64), within: 1e-9, "means")
        try expectClose(level.variance([0, 1, 2]), .ones([channels], .float64), within: 1e-4, "variances")
      }
    }
  }

  @Test(arguments: Variant.all) func bitsPerDimension(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    let configuration = variant.configuration
    let nats = try glow.logProbability(x, labels: labels).elements(Double.self)
    let bits = try glow.bitsPerDimension(x, labels: labels).elements(Double.self)
    let expected = nats.map { -$0 / (Double(configuration.dimensions) * log(2)) + Double(configuration.bits) }
    expectClose(bits, expected, within: 1e-14, "bits per dimension")
    let quantization = Quantization(bits: configuration.bits)
    expectClose(
      nats.map { quantization.bitsPerDimension(logProbability: $0, dimensions: configuration.dimensions) }, expected,
      within: 1e-14, "from the mean")
  }

  @Test(arguments: Variant.all) func imagesAreIndependent(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(3), try variant.labels(3))
    let all = try glow.logProbability(x, labels: labels).elements(Double.self)
    for image in 0..<3 {
      let range = image..<image + 1
      let one = try glow.logProbability(x.narrowed(0, range), labels: labels?.narrowed(0, range)).item()
      expectClose([one], [all[image]], within: 1e-13, "image \(image)")
    }
  }

  @Test func rejectsOtherShapes() throws {
    let glow = try Variant.all[0].model()
    for shape in [[2, 8, 8, 1], [2, 8, 4, 3], [8, 8, 3], [2, 3, 8, 8]] {
      let error = try #require(throws: ModelError.self) { try glow.logProbability(.zeros(shape, .float64)) }
      #expect("\(error)" == "images of shape \(shape) do not fit the model, which takes [batch] + [8, 8, 3]")
    }
  }
}

@Suite(.serialized) struct LabelTests {
  @Test(arguments: Variant.conditional) func perLabel(variant: Variant) throws {
    let glow = try variant.model()
    let x = try variant.images(3)
    let classes = variant.configuration.classCount
    let all = try glow.logProbabilityPerLabel(x)
    #expect(all.shape == [3, classes])
    for label in 0..<classes {
      let one = try glow.logProbability(x, labels: Tensor([label, label, label]))
      try expectClose(all.narrowed(1, label..<label + 1).reshaped([3]), one, within: 1e-13, "label \(label)")
    }
    let rows = try all.elements(Double.self)
    let best = (0..<3).map { image in
      (0..<classes).max { rows[image * classes + $0] < rows[image * classes + $1] }!
    }
    #expect(try glow.mostLikelyLabels(x).elements(Int.self) == best)
    #expect(Set(rows).count == rows.count, "the label makes no difference")
  }

  /// Far apart under their labels, samples are recognized.
  @Test(arguments: [GlowConfiguration.LabelConditioning.prior, .everywhere])
  func samplesAreRecognized(conditioning: GlowConfiguration.LabelConditioning) throws {
    let variant = Variant("labels") {
      $0.classNames = ["a", "b", "c"]
      $0.labelConditioning = conditioning
    }
    let glow = try variant.model(.float32, scale: 0.03)
    let embedding = try glow.parameter("prior.labelEmbedding")
    try embedding.addInPlace(randomTensor(embedding.shape, seed: 1, .float32), scale: 0.5)
    let labels = try variant.labels(30)!
    let x = try glow.sample(count: 30, labels: labels, seed: 1)
    #expect(try glow.mostLikelyLabels(x).elements(Int.self) == labels.elements(Int.self))
  }

  @Test func requestsThatMakeNoSense() throws {
    let (plain, labeled, everywhere) = try (
      Variant.all[0].model(), Variant.all[1].model(), Variant.all[3].model()
    )
    func message(_ body: () throws -> Void) throws -> String {
      "\(try #require(throws: ModelError.self, performing: body))"
    }
    let x = try Variant.all[0].images(2)
    let missing = "the model is conditional: it needs a label for each of the 2 images"
    #expect(try message { _ = try labeled.logProbability(x) } == missing)
    #expect(try message { _ = try labeled.encode(x, labels: Tensor([0])) } == missing)
    #expect(try message { _ = try labeled.sample(count: 2) } == missing)
    #expect(try message { _ = try labeled.accumulateGradients(x) } == missing)
    #expect(try message { _ = try plain.mostLikelyLabels(x) } == "the model has no labels")
    #expect(try message { _ = try plain.classify(x) } == "the model has no classifier head")
    #expect(
      try message { _ = try everywhere.classify(Variant.all[3].images(2)) } == "the model has no classifier head")
    #expect(throws: TorchError.self) { try labeled.logProbability(x, labels: Tensor([0, 3])) }
  }
}

import FlowModels
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct SamplingTests {
  /// A model whose samples are an affine map of normal numbers: additive couplings and a split prior that read nothing,
  /// with everything else random.
  private func affineModel() throws -> Glow {
    let variant = Variant("affine", height: 4, width: 4, channels: 1) { $0.coupling = .additive }
    let glow = try variant.model(scale: 0.2)
    for parameter in glow.parameters.parameters where parameter.name.hasSuffix("weight") {
      if parameter.name.contains("conv3") || parameter.name.contains("prior") { try parameter.value.zeroInPlace() }
    }
    return glow
  }

  /// The sample's mean and variance of each pixel against the exact ones, within four standard errors.
  @Test(arguments: [0.7, 1.0]) func momentsOfAnAffineModel(temperature: Double) throws {
    let glow = try affineModel()
    // decode(eps) = b + A eps: b from zeros, the columns of A from unit vectors.
    let zero = try glow.noise(count: 1, temperature: 0, using: Generator(seed: 0))
    let b = try glow.decode(zero).reshaped([16])
    let units = try Tensor.identity(16, .float64)
    let latents = try [
      units.narrowed(1, 0..<8).reshaped([16, 2, 2, 2]), units.narrowed(1, 8..<16).reshaped([16, 1, 1, 8]),
    ]
    let a = try glow.decode(Latents(levels: latents)).reshaped([16, 16]) - b
    let variance = try a.squared().sum([0]) * (temperature * temperature)

    let count = 4096.0
    let x = try glow.sample(count: Int(count), temperature: temperature, seed: 9, batchSize: 1000)
      .reshaped([Int(count), 16])
    let meanError = try (x.mean([0]) - b) / (variance / count).squareRoot()
    let varianceError = try (x.variance([0]) / variance - 1) / (2 / count).squareRoot()
    #expect(try meanError.magnitude().maximum().item() < 4)
    #expect(try varianceError.magnitude().maximum().item() < 4)
  }

  @Test func standardNormal() throws {
    let variant = Variant("fresh", channels: 1) { $0.coupling = .additive }
    let glow = try Glow(variant.configuration, seed: 1)
    for temperature in [0.7, 1] {
      let count = 64.0 * 512
      let x = try glow.sample(count: 512, temperature: temperature, seed: 3)
      let deviation = temperature * temperature
      #expect(abs(try x.mean().item()) < 4 * temperature / count.squareRoot())
      #expect(abs(try x.variance().item() / deviation - 1) < 4 * (2 / count).squareRoot())
    }
  }

  @Test(arguments: Variant.all) func seeds(variant: Variant) throws {
    let glow = try variant.model(.float32)
    let quantization = Quantization(bits: variant.configuration.bits)
    func bytes(_ count: Int, seed: UInt64) throws -> [UInt8] {
      try quantization.quantize(glow.sample(count: count, labels: variant.labels(count), seed: seed)).elements()
    }
    let first = try bytes(3, seed: 1)
    #expect(try bytes(3, seed: 1) == first)
    #expect(try bytes(3, seed: 2) != first)
    #expect(Set(first).count > 2)
  }

  /// Image i is the same whatever the number of images and however they are put into batches.
  @Test(arguments: Variant.all) func imagesDoNotDependOnTheCount(variant: Variant) throws {
    let glow = try variant.model(.float32)
    let many = try glow.sample(count: 7, temperature: 0.8, labels: variant.labels(7), seed: 5)
    for (count, batchSize) in [(1, 64), (3, 64), (7, 2), (7, 1)] {
      let few = try glow.sample(
        count: count, temperature: 0.8, labels: variant.labels(count), seed: 5, batchSize: batchSize)
      try expectClose(few, many.narrowed(0, 0..<count), within: 1e-5, "\(count) in batches of \(batchSize)")
    }
    let generator = try Generator(seed: 5)
    let parts = try [glow.noise(count: 4, using: generator), glow.noise(count: 3, using: generator)]
    try expectEqual(
      Latents.concatenating(parts).flattened(), glow.noise(count: 7, using: Generator(seed: 5)).flattened(), "noise")
  }

  @Test func noise() throws {
    let glow = try Variant.all[0].model()
    let one = try glow.noise(count: 200, using: Generator(seed: 1)).flattened()
    #expect(one.shape == [200, 192] && one.dtype == .float64)
    let count = Double(one.elementCount)
    #expect(abs(try one.mean().item()) < 4 / count.squareRoot())
    #expect(abs(try one.variance().item() - 1) < 4 * (2 / count).squareRoot())
    #expect(Set(try one.elements(Double.self)).count > 38000, "numbers repeat")
    let cool = try glow.noise(count: 200, temperature: 0.5, using: Generator(seed: 1)).flattened()
    try expectEqual(cool, one * 0.5, "temperature")
  }

  @Test func withoutTemperature() throws {
    let variant = Variant.all[0]
    let glow = try variant.model()
    let x = try glow.sample(count: 2, temperature: 0)
    try expectClose(glow.encode(x).flattened(), .zeros([2, 192], .float64), within: 1e-12, "latents")
  }

  @Test(arguments: Variant.conditional) func labelsChangeSamples(variant: Variant) throws {
    let glow = try variant.model()
    let samples = try (0..<variant.configuration.classCount).map {
      try glow.sample(count: 1, labels: Tensor([$0]), seed: 1)
    }
    for (a, b) in zip(samples, samples.dropFirst()) {
      #expect(try (a - b).magnitude().maximum().item() > 1e-2)
    }
  }
}

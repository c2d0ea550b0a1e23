import FlowModels
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct LatentTests {
  @Test(arguments: Variant.all, [DType.float32, .float64])
  func roundTrips(variant: Variant, dtype: DType) throws {
    let glow = try variant.model(dtype)
    let (x, labels) = (try variant.images(3, dtype), try variant.labels(3))
    let tolerance = dtype == .float64 ? 1e-12 : 1e-5
    let latents = try glow.encode(x, labels: labels)
    let expected = (1...variant.configuration.levels).map { [3] + variant.configuration.latentShape(level: $0) }
    #expect(latents.levels.map(\.shape) == expected)
    #expect(latents.count == 3)
    #expect(expected.map { $0.dropFirst().reduce(1, *) }.reduce(0, +) == variant.configuration.dimensions)
    try expectClose(glow.decode(latents, labels: labels), x, within: tolerance, "decode(encode(x))")
    try expectClose(glow.reconstruct(x, labels: labels), x, within: tolerance, "reconstruct(x)")

    // Cool enough for the inverse of random couplings, which can magnify without bound.
    let eps = try glow.noise(count: 3, temperature: 0.3, using: Generator(seed: 1))
    let decoded = try glow.decode(eps, labels: labels)
    for (level, (a, b)) in zip(try glow.encode(decoded, labels: labels).levels, eps.levels).enumerated() {
      try expectClose(a, b, within: 10 * tolerance, "encode(decode(eps)), level \(level + 1)")
    }
  }

  @Test(arguments: 1...4) func everyNumberOfChannels(channels: Int) throws {
    let variant = Variant("channels", width: 12, channels: channels)
    let glow = try variant.model()
    let x = try variant.images(2)
    try expectClose(glow.decode(glow.encode(x)), x, within: 1e-12, "decode(encode(x))")
  }

  /// Bytes survive the way through the latents in float32.
  @Test(arguments: Variant.all) func pixelsSurvive(variant: Variant) throws {
    let glow = try variant.model(.float32)
    let configuration = variant.configuration
    let quantization = Quantization(bits: configuration.bits)
    let shape = [8, configuration.height, configuration.width, configuration.channels]
    let bytes = try (Tensor.uniform(shape, using: Generator(seed: 1)) * 256).floor().converted(to: .uint8)
    let pixels = try quantization.quantize(quantization.dequantize(bytes))
    let labels = try variant.labels(8)
    let decoded = try glow.decode(glow.encode(quantization.dequantize(bytes), labels: labels), labels: labels)
    try expectEqual(quantization.quantize(decoded), pixels, "pixels")
  }

  @Test func latentsOfOtherShapes() throws {
    let glow = try Variant.all[0].model()
    let latents = try glow.noise(count: 2, using: Generator(seed: 1))
    func message(_ levels: [Tensor]) throws -> String {
      "\(try #require(throws: ModelError.self) { try glow.decode(Latents(levels: levels)) })"
    }
    #expect(try message([latents.levels[0]]) == "latents of 1 level, the model has 2")
    #expect(
      try message([latents.levels[0], latents.levels[1].narrowed(0, 0..<1)])
        == "level 2's latents have shape [1, 2, 2, 24], expected [2, 2, 2, 24]")
  }

  @Test func batches() throws {
    let glow = try Variant.all[0].model()
    let all = try glow.noise(count: 5, using: Generator(seed: 1))
    let joined = try Latents.concatenating([all.images(0..<2), all.images(2..<5)])
    try expectEqual(joined.flattened(), all.flattened(), "joined")
    let between = try all.images(0..<1).interpolated(to: all.images(1..<2), at: 0.25)
    let expected = try all.images(0..<1).flattened() * 0.75 + all.images(1..<2).flattened() * 0.25
    try expectClose(between.flattened(), expected, within: 1e-15, "between")
  }

  @Test(arguments: Variant.all) func interpolation(variant: Variant) throws {
    let glow = try variant.model()
    let x = try variant.images(2)
    let (first, second) = (try x.narrowed(0, 0..<1), try x.narrowed(0, 1..<2))
    let labels = try variant.labels(2)
    let images = try glow.interpolate(first, second, steps: 5, labels: labels)
    #expect(images.shape == [5] + x.shape.dropFirst())
    try expectClose(images.narrowed(0, 0..<1), first, within: 1e-12, "the first image")
    try expectClose(images.narrowed(0, 4..<5), second, within: 1e-12, "the last image")
    if labels == nil {
      let latents = try glow.encode(x)
      let half = try latents.images(0..<1).interpolated(to: latents.images(1..<2), at: 0.5)
      try expectClose(images.narrowed(0, 2..<3), glow.decode(half), within: 1e-12, "the middle")
    }
    let same = try labels.map { try $0.narrowed(0, 0..<1).expanded(to: [2] + $0.shape.dropFirst()).contiguous() }
    let still = try glow.interpolate(first, first, steps: 3, labels: same)
    try expectClose(still, first.expanded(to: still.shape), within: 1e-12, "between equal images")
  }
}

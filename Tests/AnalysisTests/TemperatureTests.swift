import Analysis
import FlowModels
import TestSupport
import Testing
import Torch

@Suite struct TemperatureTests {
  @Test func oneTemperatureIsThatOfSample() throws {
    let glow = try Glow.small(classes: ["a", "b"])
    let labels = try Tensor([0, 1, 0, 1, 1])
    let known = try glow.sample(count: 5, temperature: 0.8, labels: labels, seed: 2)
    let found = try glow.sample(count: 5, temperatures: [0.8, 0.8], labels: labels, seed: 2, batchSize: 2)
    try expectClose(found, known, within: 1e-12, "samples")
  }

  @Test func eachLevelHasItsOwn() throws {
    let glow = try Glow.small()
    let noise = try glow.noise(count: 3, using: Generator(seed: 6))
    let latents = try glow.encode(glow.sample(count: 3, temperatures: [0.5, 0], seed: 6))
    try expectClose(latents.levels[0], noise.levels[0] * 0.5, within: 1e-8, "level 1")
    try expectClose(latents.levels[1], noise.levels[1] * 0, within: 1e-8, "level 2")
  }

  @Test func variationsKeepTheCoarseLevels() throws {
    let glow = try Glow.small()
    let x = try randomImages([1, 4, 4, 1], seed: 9)
    let own = try glow.encode(x)
    let noise = try glow.noise(count: 4, using: Generator(seed: 1))
    for levels in 0...2 {
      let varied = try glow.variations(
        of: own, levels: levels, count: 4, temperatures: [0.5, 0.9], seed: 1, batchSize: 3)
      let latents = try glow.encode(varied)
      for (level, temperature) in [0.5, 0.9].enumerated() {
        let expected =
          level < levels
          ? try noise.levels[level] * temperature
          : try own.levels[level].expanded(to: noise.levels[level].shape).contiguous()
        try expectClose(latents.levels[level], expected, within: 1e-8, "\(levels) anew, level \(level + 1)")
      }
      if levels == 0 { try expectClose(varied.narrowed(0, 2..<3), x, within: 1e-9, "the image") }
    }
  }

  @Test func aFingerprintIsThatOfTheWeights() throws {
    let glow = try Glow.small()
    let before = try glow.fingerprint()
    #expect(before.count == 16 && before.allSatisfy(\.isHexDigit))
    #expect(try Glow.small().fingerprint() == before)
    let last = glow.parameters.values.shape[0] - 1
    try glow.parameters.values.narrowed(0, last..<last + 1).addInPlace(.ones([1], .float64), scale: 1e-3)
    #expect(try glow.fingerprint() != before)
    #expect(try Glow.small(bits: 5).fingerprint() != before)
  }
}

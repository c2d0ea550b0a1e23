import FlowModels
import Flows
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct PrecisionTests {
  /// Rounding shows in every direction, stays small, and is gone with the precision.
  @Test(.enabled(if: Runtime.hasBFloat16Products)) func bfloat16() throws {
    let variant = Variant.all[0]
    let glow = try variant.model(.float32, scale: 0.03)
    let x = try variant.images(4).converted(to: .float32)
    func results() throws -> [Tensor] {
      [try glow.logProbability(x) * (1 / Double(variant.configuration.dimensions)), try glow.sample(count: 4, seed: 1)]
    }
    let exact = try results()
    for (rounded, exact) in zip(try glow.using(.bfloat16, results), exact) {
      try expectClose(rounded, exact, within: 0.02, "rounded")
      #expect(try (rounded - exact).norm().item() > 0)
    }
    #expect(glow.precision == .float32)
    for (again, exact) in zip(try results(), exact) { try expectEqual(again, exact, "float32 again") }
  }

  /// Both memory policies agree; so do their gradients with those of float32, as far as rounding allows.
  @Test(.enabled(if: Runtime.hasBFloat16Products)) func gradients() throws {
    let variant = Variant.all[1]
    let glow = try variant.model(.float32)
    let (x, labels) = (try variant.images(4).converted(to: .float32), try variant.labels(4))
    func gradients(keep: Bool) throws -> Tensor {
      try glow.parameters.zeroGradients()
      try glow.accumulateGradients(x, labels: labels, keeping: keep ? .all(of: glow.configuration) : nil)
      return try glow.parameters.gradients.copy()
    }
    let exact = try gradients(keep: true)
    try glow.use(.bfloat16)
    let (kept, rebuilt) = (try gradients(keep: true), try gradients(keep: false))
    func distance(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).norm().item() / b.norm().item() }
    #expect(try distance(kept, exact) < 0.05)
    #expect(try distance(rebuilt, exact) < 0.05)
    // A number beside the middle between two bfloat16s may be rounded the other way when it is rebuilt.
    #expect(try distance(rebuilt, kept) < 0.02)
  }

  @Test func refusals() throws {
    let glow = try Glow(GlowConfiguration(height: 8, width: 8, channels: 1, levels: 1, steps: 1, hidden: 5))
    #expect(throws: ModelError.self) { try glow.use(.tf32) }
    #expect(throws: ModelError.self) { try glow.use(.bfloat16) }
    #expect(glow.precision == .float32)
  }
}

import FlowModels
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct DiagnosticsTests {
  @Test func firstNonFiniteLayer() throws {
    let variant = Variant.all[0]
    let x = try variant.images(2)
    let layers = [
      ("level1.step1.actnorm.bias", "level1.step1.actnorm"),
      ("level1.step2.actnorm.logScale", "level1.step2.actnorm"),
      ("level1.step1.permutation.lower", "level1.step1.permutation"),
      ("level1.step2.permutation.logDiagonal", "level1.step2.permutation"),
      ("level2.step1.coupling.conditioner.conv1.weight", "level2.step1.coupling"),
      ("level2.step2.coupling.conditioner.conv3.bias", "level2.step2.coupling"),
      ("level1.split.prior.weight", "level1.split.prior"), ("prior.bias", "prior"), ("prior.logScale", "prior"),
    ]
    for value in [Double.nan, .infinity] {
      for (parameter, layer) in layers {
        let glow = try variant.model()
        #expect(try glow.firstNonFiniteLayer(x) == nil)
        try glow.parameter(parameter).assign(Tensor([value]))
        #expect(try glow.firstNonFiniteLayer(x) == layer, "\(value) in \(parameter)")
      }
    }
    let broken = try x.copy()
    try broken.narrowed(0, 1..<2).narrowed(3, 0..<1).assign(Tensor([Double.nan]))
    #expect(try variant.model().firstNonFiniteLayer(broken) == "the input")
  }

  @Test func firstNonFiniteLayerOfAConditionalModel() throws {
    let variant = Variant.all[3]
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    #expect(try glow.firstNonFiniteLayer(x, labels: labels) == nil)
    try glow.parameter("level1.split.prior.labelEmbedding").assign(Tensor([Double.nan]))
    #expect(try glow.firstNonFiniteLayer(x, labels: labels) == "level1.split.prior")
    try glow.parameter("level1.step2.coupling.conditioner.conv1.labelEmbedding").assign(Tensor([Double.nan]))
    #expect(try glow.firstNonFiniteLayer(x, labels: labels) == "level1.step2.coupling")
  }

  @Test(arguments: Variant.all) func report(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(3), try variant.labels(3))
    let report = try glow.invertibility(on: x, labels: labels)
    let configuration = variant.configuration
    let steps = (1...configuration.levels).flatMap { level in
      (1...configuration.steps).map { "level\(level).step\($0)" }
    }
    let mixes = configuration.permutation == .conv1x1 || configuration.permutation == .conv1x1LU
    #expect(report.conditionNumbers.keys.sorted() == (mixes ? steps.map { $0 + ".permutation" } : []))
    #expect(report.conditionNumbers.values.allSatisfy { $0 >= 1 && $0 < 100 })
    let scales = configuration.coupling == .affine
    #expect(report.scaleRanges.keys.sorted() == (scales ? steps.map { $0 + ".coupling" } : []))
    #expect(report.scaleRanges.values.allSatisfy { $0[0] > configuration.minimumScale && $0[0] <= $0[1] })
    #expect(report.roundTripError < 1e-12)
    let found = try (glow.reconstruct(x, labels: labels) - x).magnitude().maximum().item()
    #expect(report.roundTripError == found)
    #expect((report.worstCondition == nil) == !mixes)
  }

  /// The way to the latents and back, seen on the way.
  @Test(arguments: Variant.all) func statesOnTheWay(variant: Variant) throws {
    let glow = try variant.model()
    let (x, labels) = (try variant.images(2), try variant.labels(2))
    let steps = variant.configuration.levels * variant.configuration.steps
    let states = try glow.states(of: x, labels: labels, atMost: 100)
    #expect(states.places.count == steps + 1 && states.places[0] == FlowPlace(level: 0, step: 0))
    #expect(states.forward.count == steps + 1 && states.back.count == steps + 1 && states.errors.count == steps + 1)
    #expect((states.forward + states.back + [states.latents]).allSatisfy { $0.shape == x.shape })
    #expect(states.errors.allSatisfy { $0 < 1e-10 })
    try expectClose(states.forward[0], x, within: 0, "the image")
    try expectClose(states.back.last!, x, within: 1e-10, "the way back")
    // The same numbers as the latents, in other places.
    func sorted(_ tensors: [Tensor]) throws -> [Double] {
      try tensors.flatMap { try $0.elements(Double.self) }.sorted()
    }
    expectClose(
      try sorted([states.latents]), try sorted(glow.encode(x, labels: labels).levels), within: 1e-12, "latents")
    let few = try glow.states(of: x, labels: labels, atMost: variant.configuration.levels + 1)
    #expect(few.places.map(\.level) == Array(0...variant.configuration.levels))
    #expect(few.places.dropFirst().allSatisfy { $0.step == $0.steps })
  }

  /// What is known of a model that was made badly conditioned by hand.
  @Test func knownNumbers() throws {
    let variant = Variant("plain", channels: 1, levels: 1) { $0.permutation = .conv1x1 }
    let x = try variant.images(4, .float32)
    let glow = try Glow(variant.configuration, seed: 1)
    let healthy = try glow.invertibility(on: x)
    #expect(healthy.conditionNumbers.values.allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(healthy.scaleRanges["level1.step1.coupling"]!.allSatisfy { abs($0 - 0.8807971) < 1e-6 })

    // Between two rotations, so that large numbers drown small ones.
    let stretched = try Tensor([1, 1, 1, Float(1e-4)]).diagonal()
    let weight = try glow.parameter("level1.step2.permutation.weight")
    try weight.assign(weight.matmul(stretched).matmul(weight))
    let sick = try glow.invertibility(on: x)
    let worst = try #require(sick.worstCondition)
    #expect(worst.layer == "level1.step2.permutation")
    #expect(abs(worst.value / 1e4 - 1) < 1e-3)
    #expect(sick.roundTripError > 100 * healthy.roundTripError)

    try weight.zeroInPlace()
    let singular = try? glow.invertibility(on: x)
    #expect(singular.map { !$0.roundTripError.isFinite } ?? true)
  }
}

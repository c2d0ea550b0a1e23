import Safetensors
@testable import FlowModels
import Flows
import Foundation
import TestSupport
import Testing
import Torch

/// The numbers that `Fixtures/make_fixtures.py` wrote with PyTorch.
private struct Fixture {
  let file: SafetensorsFile
  /// Before the name of each tensor.
  let prefix: String

  init(_ name: String, prefix: String = "") throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    file = try SafetensorsFile(contentsOf: folder.appending(path: name + ".safetensors"))
    self.prefix = prefix
  }

  func tensor(_ name: String, as dtype: DType? = nil) throws -> Tensor {
    let tensor = try file.tensor(prefix + name)
    return try dtype.map { try tensor.converted(to: $0) } ?? tensor
  }

  func optional(_ name: String) throws -> Tensor? { file.names.contains(prefix + name) ? try tensor(name) : nil }

  func load(_ parameters: [Parameter], _ buffers: [Buffer]) throws {
    for (name, value) in parameters.map({ ($0.name, $0.value) }) + buffers.map({ ($0.name, $0.value) }) {
      let stored = try tensor(name)
      #expect(stored.shape == value.shape, "\(prefix)\(name)")
      try value.assign(stored)
    }
  }

  func metadata<T: Decodable>(_ type: T.Type, _ key: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(#require(file.metadata[key]).utf8))
  }
}

/// A whole model against an independent Glow written with PyTorch in float64.
@Suite(.serialized) struct GlowFixtureTests {
  private static let names = ["", "-labels", "-everywhere", "-additive"].map { "glow-reference" + $0 }

  private func model(_ fixture: Fixture, _ dtype: DType) throws -> Glow {
    let configuration = try fixture.metadata(GlowConfiguration.self, "configuration")
    let glow = try Glow(configuration, options: TensorOptions(dtype))
    try fixture.load(glow.parameters.parameters, glow.buffers)
    return glow
  }

  /// A tolerance relative to the largest value: of float64 arithmetic, or of float32.
  private func tolerance(_ dtype: DType) -> Double { dtype == .float64 ? 1e-12 : 1e-5 }

  @Test(arguments: names, [DType.float64, .float32]) func density(name: String, dtype: DType) throws {
    let fixture = try Fixture(name)
    let glow = try model(fixture, dtype)
    let (x, labels) = (try fixture.tensor("x", as: dtype), try fixture.optional("labels"))
    let found = try glow.logProbability(x, labels: labels)
    try expectClose(
      found, fixture.tensor("logProbability", as: dtype), within: tolerance(dtype), "log-probability")
    let latents = try glow.encode(x, labels: labels)
    let raw = try glow.pass(x, under: glow.context(labels, count: x.shape[0])).latents
    for (index, (eps, z)) in zip(latents.levels, raw).enumerated() {
      let level = "level\(index + 1)"
      try expectClose(eps, fixture.tensor(level + ".eps", as: dtype), within: tolerance(dtype), level + ".eps")
      try expectClose(z, fixture.tensor(level + ".latent", as: dtype), within: tolerance(dtype), level + ".latent")
    }
    if let logits = try fixture.optional("logits") {
      try expectClose(glow.classify(x), logits.converted(to: dtype), within: tolerance(dtype), "logits")
    }
    try expectClose(glow.decode(latents, labels: labels), x, within: tolerance(dtype), "decoded")
  }

  /// Gradients are stored in float32.
  @Test(arguments: names, [DType.float64, .float32]) func gradients(name: String, dtype: DType) throws {
    let fixture = try Fixture(name)
    let glow = try model(fixture, dtype)
    let (x, labels) = (try fixture.tensor("x", as: dtype), try fixture.optional("labels"))
    let weightY = try fixture.metadata(Double.self, "weightY")
    for keep in [false, true] {
      try glow.parameters.zeroGradients()
      try glow.accumulateGradients(
        x, labels: labels, keeping: keep ? .all(of: glow.configuration) : nil, classifierWeight: weightY)
      for parameter in glow.parameters.parameters {
        let expected = try fixture.tensor("gradient/" + parameter.name, as: .float64)
        // Relative to the largest element, not to 1.
        let unit = max(try expected.magnitude().maximum().item(), 1e-3)
        try expectClose(
          parameter.gradient.converted(to: .float64) / unit, expected / unit, within: dtype == .float64 ? 2e-7 : 1e-4,
          "keep \(keep): gradient of \(parameter.name)")
      }
    }
  }
}

/// A whole RealNVP against an independent one written with PyTorch in float64.
@Suite(.serialized) struct RealNVPFixtureTests {
  private func model(_ fixture: Fixture, _ dtype: DType) throws -> RealNVP {
    let configuration = try fixture.metadata(RealNVPConfiguration.self, "configuration")
    let model = try RealNVP(configuration, options: TensorOptions(dtype))
    try fixture.load(model.parameters.parameters, model.buffers)
    return model
  }

  @Test(arguments: [DType.float64, .float32]) func density(dtype: DType) throws {
    let tolerance = dtype == .float64 ? 1e-12 : 1e-5
    let fixture = try Fixture("realnvp-reference")
    let model = try model(fixture, dtype)
    let x = try fixture.tensor("x", as: dtype)
    try expectClose(
      model.logProbability(x), fixture.tensor("logProbability", as: dtype), within: tolerance, "log-probability")
    let latents = try model.encode(x)
    for (index, z) in latents.levels.enumerated() {
      let name = "level\(index + 1).latent"
      try expectClose(z, fixture.tensor(name, as: dtype), within: tolerance, name)
    }
    try expectClose(model.decode(latents), x, within: tolerance, "decoded")
  }

  /// By the batch's statistics; gradients and averages are stored in float32.
  @Test(arguments: [DType.float64, .float32]) func training(dtype: DType) throws {
    let fixture = try Fixture("realnvp-reference")
    let model = try model(fixture, dtype)
    let x = try fixture.tensor("x", as: dtype)
    let loss = try model.accumulateGradients(x)
    try expectClose(
      loss.logProbability, fixture.tensor("training/logProbability", as: dtype),
      within: dtype == .float64 ? 1e-12 : 1e-5, "log-probability")
    for parameter in model.parameters.parameters {
      let expected = try fixture.tensor("gradient/" + parameter.name, as: .float64)
      let unit = max(try expected.magnitude().maximum().item(), 1e-3)
      try expectClose(
        parameter.gradient.converted(to: .float64) / unit, expected / unit, within: dtype == .float64 ? 2e-7 : 1e-3,
        "gradient of \(parameter.name)")
    }
    try model.finishStep()
    for buffer in model.buffers where !buffer.name.hasSuffix("order") {
      try expectClose(
        buffer.value, fixture.tensor("after/" + buffer.name, as: dtype), within: 1e-5, "\(buffer.name) after a step")
    }
  }
}

/// Layers and a whole model against the published package normflows 1.7.3.
@Suite(.serialized) struct NormflowsFixtureTests {
  private static let file = "normflows-reference"

  private func expectSame(
    _ layer: any Bijection, as name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let fixture = try Fixture(Self.file, prefix: name + "/")
    try fixture.load(layer.parameters, layer.buffers)
    let x = try fixture.tensor("x", as: .float64)
    let found = try layer.forward(x, keep: false)
    try expectClose(found.y, fixture.tensor("y"), within: 1e-12, "\(name): y", sourceLocation: sourceLocation)
    try expectClose(
      found.logDet, fixture.tensor("logDet"), within: 1e-12, "\(name): log-determinant", sourceLocation: sourceLocation)
    try expectClose(layer.inverse(found.y), x, within: 1e-12, "\(name): inverse", sourceLocation: sourceLocation)
  }

  @Test func layers() throws {
    let (options, generator) = (TensorOptions(.float64), try Generator(seed: 1))
    try expectSame(ActNorm("actnorm", channels: 6, like: options), as: "actnorm")
    try expectSame(Squeeze(), as: "squeeze")
    for (name, factored) in [("conv1x1", false), ("conv1x1LU", true)] {
      try expectSame(
        InvertibleConv1x1("permutation", channels: 6, factored: factored, like: options, using: generator), as: name)
    }
  }

  @Test func steps() throws {
    let (options, generator) = (TensorOptions(.float64), try Generator(seed: 1))
    let steps: [(String, CouplingTransform, Bool)] = [
      ("block-sigmoid", .affine(.sigmoid(minimum: 0)), true), ("block-exponential", .affine(.exponential), false),
      ("block-additive", .additive, true),
    ]
    for (name, transform, factored) in steps {
      let conditioner = try ConvConditioner(
        "step.coupling.conditioner", inputs: 3, hidden: 5, outputs: 3 * transform.outputsPerChannel,
        edgeChannel: false, like: options, using: generator)
      try expectSame(
        FlowStep(
          "step", actnorm: ActNorm("step.actnorm", channels: 6, like: options),
          permutation: InvertibleConv1x1(
            "step.permutation", channels: 6, factored: factored, like: options, using: generator),
          transform: Coupling(transform, conditioner: conditioner)), as: name)
    }
  }

  @Test func wholeModel() throws {
    let fixture = try Fixture(Self.file, prefix: "glow/")
    struct Cases: Decodable { var glow: GlowConfiguration }
    let configuration = try fixture.metadata(Cases.self, "cases").glow
    let glow = try Glow(configuration, options: TensorOptions(.float64))
    try fixture.load(glow.parameters.parameters, glow.buffers)
    let (x, labels) = (try fixture.tensor("x", as: .float64), try fixture.tensor("labels"))
    try expectClose(
      glow.logProbability(x, labels: labels), fixture.tensor("logProbability"), within: 1e-12, "log-probability")
    let latents = try glow.pass(x, under: glow.context(labels, count: x.shape[0])).latents
    for (index, z) in latents.enumerated() {
      let name = "level\(index + 1).latent"
      try expectClose(z, fixture.tensor(name), within: 1e-12, name)
    }
    try expectClose(glow.decode(glow.encode(x, labels: labels), labels: labels), x, within: 1e-12, "decoded")
  }
}

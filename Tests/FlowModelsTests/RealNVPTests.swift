import Flows
import Foundation
import TestSupport
import Testing
import Torch

@testable import FlowModels

/// A configuration under a name.
struct RealNVPVariant: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let configuration: RealNVPConfiguration

  static let all = [
    RealNVPVariant(
      "two levels", RealNVPConfiguration(height: 8, width: 4, channels: 3, levels: 2, blocks: 1, hidden: 3)),
    RealNVPVariant("one level", RealNVPConfiguration(height: 3, width: 5, channels: 1, levels: 1, blocks: 2, hidden: 4))
    {
      $0.bits = 5
    },
    RealNVPVariant(
      "three levels", RealNVPConfiguration(height: 8, width: 8, channels: 1, levels: 3, blocks: 0, hidden: 3)
    ) {
      $0.couplings = 1
      $0.alpha = 0.2
    },
  ]

  init(
    _ name: String, _ configuration: RealNVPConfiguration, _ change: (inout RealNVPConfiguration) -> Void = { _ in }
  ) {
    testDescription = name
    var configuration = configuration
    change(&configuration)
    self.configuration = configuration
  }

  /// A model whose every parameter is random, with running averages from other images.
  func model(_ dtype: DType = .float64) throws -> RealNVP {
    let model = try RealNVP(configuration, options: TensorOptions(dtype), seed: 3)
    let noise = try randomTensor(model.parameters.values.shape, seed: 4, scale: 0.1)
    try model.parameters.values.addInPlace(noise.converted(to: dtype))
    try model.initialize(from: images(6, seed: 9, dtype))
    return model
  }

  func images(_ count: Int, seed: UInt64 = 5, _ dtype: DType = .float64) throws -> Tensor {
    try randomImages([count, configuration.height, configuration.width, configuration.channels], seed: seed, dtype)
  }
}

@Suite(.serialized) struct RealNVPTests {
  @Test(arguments: RealNVPVariant.all) func parametersAreCountedWithoutTheModel(variant: RealNVPVariant) throws {
    #expect(variant.configuration.parameterCount == (try RealNVP(variant.configuration)).parameters.count)
  }

  /// log p(x) against the determinant of the whole map to the latents, by autograd.
  @Test(arguments: RealNVPVariant.all) func densityEqualsTheJacobian(variant: RealNVPVariant) throws {
    let model = try variant.model()
    let x = try variant.images(2)
    let found = try model.logProbability(x).elements(Double.self)
    for index in 0..<2 {
      let image = try x.narrowed(0, index..<index + 1)
      let jacobian = try autogradJacobian(of: { try latents(model, $0) }, at: image)
      let z = try model.encode(image).flattened()
      let gaussian = try (z.squared() * -0.5 - 0.5 * log(2 * Double.pi)).sum().item()
      let expected = try jacobian.signAndLogDeterminant().logDeterminant.item() + gaussian
      expectClose([found[index]], [expected], within: 1e-10, "log-probability")
    }
    let dimensions = Double(variant.configuration.dimensions)
    let bits = found.map { -$0 / (dimensions * log(2)) + Double(variant.configuration.bits) }
    expectClose(try model.bitsPerDimension(x).elements(), bits, within: 1e-12, "bits per dimension")
  }

  /// What ``RealNVP/encode(_:labels:)`` computes, under autograd, `[batch, dimensions]`.
  private func latents(_ model: RealNVP, _ x: Tensor) throws -> Tensor {
    var x = x
    var latents: [Tensor] = []
    for level in model.levels {
      let y = try level.chain.forward(x, keep: false).y
      guard let split = level.split else {
        latents.append(try y.reshaped([x.shape[0], -1]))
        break
      }
      let (kept, latent) = try split.divide(y)
      latents.append(try latent.reshaped([x.shape[0], -1]))
      x = kept
    }
    return try .concatenating(latents, alongDimension: 1)
  }

  @Test(arguments: RealNVPVariant.all) func roundTrips(variant: RealNVPVariant) throws {
    for (dtype, tolerance) in [(DType.float64, 1e-10), (.float32, 1e-4)] {
      let model = try variant.model(dtype)
      let x = try variant.images(3, dtype)
      let latents = try model.encode(x)
      for (level, latent) in latents.levels.enumerated() {
        #expect(latent.shape == [3] + variant.configuration.latentShape(level: level + 1))
      }
      try expectClose(model.decode(latents), x, within: tolerance, "images")
      let noise = try model.noise(count: 3, using: Generator(seed: 1))
      try expectClose(
        model.encode(model.decode(noise)).flattened(), noise.flattened(), within: tolerance * 10, "latents")
    }
  }

  /// The backward pass, which rebuilds every input, against autograd through the batch's statistics.
  @Test(arguments: RealNVPVariant.all) func gradientsEqualAutograd(variant: RealNVPVariant) throws {
    let model = try variant.model()
    let x = try variant.images(3)
    let parameters = model.parameters.parameters
    let expected = try autogradGradients(of: parameters, inputs: []) { _ in
      let prior = try Gaussian.unit(like: x)
      var x = x
      var total = try Tensor.zeros([3], .float64)
      for level in model.levels {
        let forward = try level.chain.forward(x, under: Context(statistics: .batch), keep: false)
        total = try total + forward.logDet
        guard let split = level.split else {
          total = try total + prior.logProbability(forward.y)
          break
        }
        let (kept, latent) = try split.divide(forward.y)
        total = try total + prior.logProbability(latent)
        x = kept
      }
      return try total.mean() * (-1 / (Double(variant.configuration.dimensions) * log(2)))
    }
    try model.parameters.zeroGradients()
    let loss = try model.accumulateGradients(x)
    for (parameter, gradient) in zip(parameters, expected.parameters) {
      try expectClose(parameter.gradient, gradient, within: 1e-9, "gradient of \(parameter.name)")
    }
    #expect(loss.crossEntropy == nil && loss.logProbability.shape == [3])
  }

  /// Parts of a batch weigh by their share; each has statistics of its own.
  @Test func sharesScaleGradients() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let x = try variant.images(3)
    func gradients(_ share: Double) throws -> Tensor {
      try model.parameters.zeroGradients()
      try model.accumulateGradients(x, share: share)
      return try model.parameters.gradients.copy()
    }
    try expectClose(gradients(0.25), gradients(1) * 0.25, within: 1e-12, "a quarter")
  }

  /// Training passes change no average until the step is finished, and evaluation never does.
  @Test func averagesChangeWithFinishedStepsAlone() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let x = try variant.images(4)
    func averages() throws -> [[Double]] { try model.buffers.map { try $0.value.elements(Double.self) } }
    let before = try averages()
    try model.finishStep()
    _ = try model.logProbability(x)
    try model.accumulateGradients(x)
    #expect(try averages() == before)
    try model.finishStep()
    let moved = zip(try averages(), before).map { $0 != $1 }
    #expect(zip(moved, model.buffers).allSatisfy { moved, buffer in moved != buffer.name.hasSuffix("order") })
    #expect(moved.filter(\.self).count == model.buffers.count - 1)
  }

  /// On the batch that set the averages, evaluation and training are the same map.
  @Test func initializationSetsTheAverages() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let x = try variant.images(6, seed: 9)
    let trained = try model.accumulateGradients(x).logProbability
    try expectClose(model.logProbability(x), trained, within: 1e-9, "log-probability")
  }

  @Test func aTrainingStepLeavesNothingBehind() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model(.float32)
    let x = try variant.images(2, .float32)
    func step() throws {
      try model.parameters.zeroGradients()
      try model.accumulateGradients(x)
      try model.finishStep()
    }
    try step()
    try expectNoLeak("a step") { try step() }
  }

  @Test(arguments: RealNVPVariant.all, [DType.float32, .float64])
  func savedAndRead(variant: RealNVPVariant, dtype: DType) throws {
    try withTemporaryFolder { folder in
      let model = try variant.model(dtype)
      try ModelFolder.write(model, to: folder)
      let read = try #require(try ModelFolder.read(folder, options: TensorOptions(dtype)) as? RealNVP)
      #expect(read.configuration == variant.configuration)
      try expectEqual(read.parameters.values, model.parameters.values, "parameters")
      for (a, b) in zip(read.buffers, model.buffers) { try expectEqual(a.value, b.value, a.name) }
      let x = try variant.images(2, dtype)
      try expectEqual(read.logProbability(x), model.logProbability(x), "density")
      let error = try #require(throws: ModelError.self) { try ModelFolder.read(folder, as: Glow.self) }
      #expect("\(error)" == "\(folder.path)/config.json: field model is \"realnvp\", expected \"glow\"")
    }
  }

  @Test func damagedConfigurations() throws {
    try withTemporaryFolder { folder in
      try ModelFolder.write(RealNVPVariant.all[0].model(), to: folder)
      let url = folder.appending(path: "config.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      func message(_ text: String, _ other: String) throws -> String {
        #expect(json.contains(text))
        try json.replacing(text, with: other).write(to: url, atomically: true, encoding: .utf8)
        return "\(try #require(throws: ModelError.self) { try ModelFolder.read(folder) })"
      }
      #expect(
        try message("\"alpha\" : 0.05", "\"alpha\" : 0.5").hasSuffix(
          "realnvp.alpha is 0.5, expected above 0 and below 0.5"))
      #expect(try message("\"blocks\"", "\"rooms\"").hasSuffix("field realnvp.blocks is missing"))
      #expect(try message("\"hidden\" : 3", "\"hidden\" : 4").contains("the configuration beside it asks for"))
    }
  }

  @Test func validation() throws {
    func message(_ change: (inout RealNVPConfiguration) -> Void) throws -> String {
      var configuration = RealNVPVariant.all[0].configuration
      change(&configuration)
      return "\(try #require(throws: ModelError.self) { try RealNVP(configuration) })"
    }
    #expect(try message { $0.levels = 0 } == "levels is 0, expected 1 to 16")
    #expect(try message { $0.couplings = 0 } == "couplings is 0, expected 1 to 256")
    #expect(try message { $0.blocks = -1 } == "blocks is -1, expected 0 to 256")
    #expect(try message { $0.hidden = 0 } == "hidden is 0, expected 1 to 65536")
    #expect(try message { $0.bits = 9 } == "bits is 9, expected 1 to 8")
    #expect(try message { $0.channels = 5 } == "channels is 5, expected 1 to 4")
    #expect(try message { $0.alpha = 0 } == "alpha is 0.0, expected above 0 and below 0.5")
    #expect(try message { $0.width = 5 }.hasPrefix("width is 5, expected a multiple of 2 and 4 or more"))
    #expect(try message { $0.height = 2 }.hasPrefix("height is 2, expected a multiple of 2 and 4 or more"))
  }

  @Test func whatItCannotDo() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let x = try variant.images(2)
    func message(_ body: () throws -> Void) throws -> String {
      "\(try #require(throws: ModelError.self) { try body() })"
    }
    let labels = try Tensor([0, 1])
    let refusal = "the model is not conditional: it takes no labels"
    #expect(try message { _ = try model.logProbability(x, labels: labels) } == refusal)
    #expect(try message { _ = try model.sample(count: 2, labels: labels) } == refusal)
    #expect(try message { _ = try model.mostLikelyLabels(x) } == "the model has no labels")
    #expect(try message { try model.use(.bfloat16) }.hasPrefix("a RealNVP multiplies no "))
    #expect(try message { _ = try model.encode(x.narrowed(1, 0..<4)) }.contains("do not fit the model"))
    #expect(try message { _ = try model.decode(Latents(levels: [x])) } == "latents of 1 level, the model has 2")
  }

  @Test func samplesAndInterpolations() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let many = try model.sample(count: 5, temperature: 0.8, seed: 5)
    #expect(many.shape == [5, 8, 4, 3])
    try expectClose(
      model.sample(count: 3, temperature: 0.8, seed: 5, batchSize: 2), many.narrowed(0, 0..<3), within: 1e-12, "fewer")
    try expectClose(
      model.encode(many).flattened(), model.noise(count: 5, using: Generator(seed: 5)).flattened() * 0.8,
      within: 1e-9, "temperature")
    let ends = try variant.images(2)
    let between = try model.interpolate(ends.narrowed(0, 0..<1), ends.narrowed(0, 1..<2), steps: 3)
    try expectClose(between.narrowed(0, 0..<1), ends.narrowed(0, 0..<1), within: 1e-10, "the first end")
    try expectClose(between.narrowed(0, 2..<3), ends.narrowed(0, 1..<2), within: 1e-10, "the last end")
    let middle = try model.encode(ends).flattened().mean([0])
    try expectClose(
      model.encode(between.narrowed(0, 1..<2)).flattened().reshaped([-1]), middle, within: 1e-9, "the middle")
  }

  @Test func diagnostics() throws {
    let variant = RealNVPVariant.all[0]
    let model = try variant.model()
    let x = try variant.images(3)
    let report = try model.invertibility(on: x)
    #expect(report.roundTripError < 1e-10 && report.conditionNumbers.isEmpty && report.scaleRanges.count == 10)
    #expect(report.scaleRanges.values.allSatisfy { $0[0] > 0 && $0[0] <= $0[1] })
    #expect(try model.firstNonFiniteLayer(x) == nil)
    let name = "level1.channels2.coupling.rescale"
    try model.parameters.parameters.first { $0.name == name }!.value.assign(.full(.nan, [1], .float64))
    #expect(try model.firstNonFiniteLayer(x) == "level1.channels2.coupling")
  }
}

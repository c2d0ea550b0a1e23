import Flows
import Synchronization
import TestSupport
import Testing
import Torch

/// How a step can mix its channels.
enum Mixing: CaseIterable, Sendable {
  case reverse, shuffle, plain, factored

  func layer(_ name: String, channels: Int, like options: TensorOptions) throws -> any Bijection {
    let generator = try Generator(seed: 3)
    return switch self {
    case .reverse: try ChannelPermutation.reverse(name, channels: channels)
    case .shuffle: try ChannelPermutation.shuffle(name, channels: channels, using: generator)
    case .plain, .factored:
      try InvertibleConv1x1(
        name, channels: channels, factored: self == .factored, like: options, using: generator)
    }
  }

  func step(
    _ name: String = "step", channels: Int, _ transform: CouplingTransform = .affine(.sigmoid(minimum: 0)),
    options: ConditionerOptions = .all[1], like tensorOptions: TensorOptions
  ) throws -> FlowStep {
    FlowStep(
      name,
      actnorm: try ActNorm(
        name + ".actnorm", channels: channels, logScaleFactor: options.logScaleFactor, like: tensorOptions),
      permutation: try layer(name + ".permutation", channels: channels, like: tensorOptions),
      transform: Coupling(
        transform,
        conditioner: try ConvConditioner(
          name + ".net", inputs: channels / 2, hidden: 5, outputs: channels / 2 * transform.outputsPerChannel,
          edgeChannel: options.edgeChannel, logScaleFactor: options.logScaleFactor, classes: options.classes,
          like: tensorOptions, using: Generator(seed: 11))))
  }
}

@Suite(.serialized) struct FlowStepTests {
  @Test(arguments: Mixing.allCases, ConditionerOptions.all)
  func battery(mixing: Mixing, options: ConditionerOptions) throws {
    try checkBijection("FlowStep with \(mixing)", image: [5, 7, 4], classes: options.classes) {
      try mixing.step(channels: 4, options: options, like: $0)
    }
  }

  @Test(arguments: transforms) func batteryOfTransforms(transform: CouplingTransform) throws {
    try checkBijection("FlowStep \(transform)", image: [1, 3, 6]) {
      try Mixing.factored.step(channels: 6, transform, like: $0)
    }
  }

  /// The one affine map that the step runs as is ActNorm followed by the permutation.
  @Test(arguments: Mixing.allCases) func mixIsItsParts(mixing: Mixing) throws {
    let step = try mixing.step(channels: 6, like: TensorOptions(.float64))
    try randomize(step.parameters)
    let x = try randomTensor([2, 3, 5, 6], seed: 1)
    let normed = try step.actnorm.forward(x, keep: false)
    let permuted = try step.permutation.forward(normed.y, keep: false)
    let mixed = try step.mix(x)
    try expectClose(mixed.y, permuted.y, within: 1e-13, "the output")
    try expectClose(mixed.logDet, normed.logDet + permuted.logDet, within: 1e-13, "the log-determinant")
  }

  @Test(arguments: Mixing.allCases) func initialization(mixing: Mixing) throws {
    let step = try mixing.step(channels: 4, like: TensorOptions(.float64))
    let x = try randomTensor([3, 4, 4, 4], seed: 1, scale: 7) - 2
    let y = try step.initialize(from: x)
    try expectClose(y, step.forward(x, keep: false).y, within: 1e-13, "the output")
    let normed = try step.actnorm.forward(x, keep: false).y
    try expectClose(normed.mean([0, 1, 2]), .zeros([4], .float64), within: 1e-9, "mean")
    try expectClose(normed.variance([0, 1, 2]), .ones([4], .float64), within: 1e-4, "variance")
  }
}

@Suite(.serialized) struct ChainTests {
  @Test func battery() throws {
    try checkBijection("Chain", image: [4, 6, 3]) { options in
      let steps = try Mixing.allCases.enumerated().map { index, mixing in
        try mixing.step("step\(index)", channels: 12, transforms[index], like: options)
      }
      return Chain([Squeeze()] + steps as [any Bijection])
    }
    try checkBijection("Chain of chains", image: [2, 2, 2]) { options in
      Chain([
        Chain([]), Squeeze(), Chain([try Mixing.plain.step(channels: 8, like: options)]),
        try ActNorm("last", channels: 8, like: options),
      ])
    }
  }

  @Test func initializesLayerAfterLayer() throws {
    let options = TensorOptions(.float64)
    let chain = Chain([
      try Mixing.factored.step("first", channels: 4, like: options),
      try Mixing.reverse.step("second", channels: 4, .additive, like: options),
    ])
    let x = try randomTensor([3, 4, 4, 4], seed: 1, scale: 7) - 2
    let y = try chain.initialize(from: x)
    try expectClose(y, chain.forward(x, keep: false).y, within: 1e-12, "the output")
    let between = try chain.layers[0].forward(x, keep: false).y
    let normed = try (chain.layers[1] as? FlowStep)!.actnorm.forward(between, keep: false).y
    try expectClose(normed.mean([0, 1, 2]), .zeros([4], .float64), within: 1e-9, "mean")
    try expectClose(normed.variance([0, 1, 2]), .ones([4], .float64), within: 1e-4, "variance")
  }

  @Test func whoRunsItMayStopIt() throws {
    struct Enough: Error {}
    final class Count: Sendable {
      private let count = Mutex(0)
      func next() throws {
        if count.withLock({
          $0 += 1; return $0
        }) > 2 {
          throw Enough()
        }
      }
    }
    let options = TensorOptions(.float32)
    let steps = try (0..<4).map { try Mixing.factored.step("step\($0)", channels: 4, like: options) }
    let chain = Chain(steps)
    let x = try randomTensor([1, 2, 2, 4], seed: 1).converted(to: .float32)
    for pass in [{ _ = try chain.forward(x, keep: false) }, { _ = try chain.inverse(x) }] {
      try pass()
      let count = Count()
      #expect(throws: Enough.self) { try Interruption { try count.next() }.during(pass) }
      try pass()
    }
  }

  /// Without keeping, a pass through many steps leaves no more alive than a pass through one.
  @Test func memoryDoesNotGrowWithDepth() throws {
    func handles(depth: Int, keep: Bool) throws -> Int {
      let chain = Chain(
        try (0..<depth).map { try Mixing.factored.step("s\($0)", channels: 4, like: TensorOptions(.float64)) })
      let x = try randomTensor([1, 4, 4, 4], seed: 1)
      _ = try chain.forward(x, keep: keep)
      let before = Tensor.liveHandles
      let forward = try chain.forward(x, keep: keep)
      return withExtendedLifetime(forward) { Tensor.liveHandles - before }
    }
    #expect(try handles(depth: 12, keep: false) == handles(depth: 1, keep: false))
    #expect(try handles(depth: 12, keep: true) > handles(depth: 1, keep: true))
  }
}

@Suite(.serialized) struct ParameterVectorTests {
  private struct Failure: Error {}

  private func parameters() throws -> [Parameter] {
    [try Parameter("a", randomTensor([2, 3], seed: 1)), try Parameter("b", randomTensor([4], seed: 2))]
  }

  @Test func sharesMemoryWithItsParameters() throws {
    let before = try parameters().map { try $0.value.elements(Double.self) }
    let vector = try ParameterVector(parameters())
    #expect(vector.count == 10)
    #expect(try vector.values.elements() == before[0] + before[1])
    #expect(vector.parameters.map(\.value.shape) == [[2, 3], [4]])
    try vector.values.multiplyInPlace(2)
    #expect(try vector.parameters[1].value.elements() == before[1].map { $0 * 2 })
    try vector.parameters[1].gradient.addInPlace(.ones([4], .float64))
    #expect(try vector.gradients.elements() == [0.0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    try vector.zeroGradients()
    #expect(try vector.parameters[1].gradient.elements() == [0.0, 0, 0, 0])
    #expect(try vector.views(of: .range(10)).map { try $0.elements(Int.self) } == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]])
  }

  @Test func lendsOtherValues() throws {
    let vector = try ParameterVector(parameters())
    let own = try vector.values.elements(Double.self)
    let seen = try vector.withValues(.ones([10], .float64)) { try vector.parameters[0].value.elements(Double.self) }
    #expect(seen == [1, 1, 1, 1, 1, 1])
    #expect(try vector.values.elements() == own)
    #expect(throws: Failure.self) { try vector.withValues(.ones([10], .float64)) { throw Failure() } }
    #expect(try vector.values.elements() == own)
  }
}

import TestSupport
import Testing
import Torch

@testable import Flows

@Suite(.serialized) struct MaskedAutoregressionTests {
  static func map(
    _ order: ScanOrder, channels: Int = 2, hidden: Int = 5, scale: CouplingTransform.Scale = .bounded,
    options: ConditionerOptions = .all[0], like tensors: TensorOptions
  ) throws -> MaskedAutoregression {
    try MaskedAutoregression(
      "map", channels: channels, hidden: hidden, order: order, scale: scale, edgeChannel: options.edgeChannel,
      logScaleFactor: options.logScaleFactor, classes: options.classes, like: tensors, using: Generator(seed: 11))
  }

  @Test(arguments: ScanOrder.allCases, ConditionerOptions.all)
  func battery(order: ScanOrder, options: ConditionerOptions) throws {
    try checkBijection("MaskedAutoregression \(order)", image: [5, 4, 2], classes: options.classes) {
      try Self.map(order, options: options, like: $0)
    }
  }

  @Test(arguments: [CouplingTransform.Scale.sigmoid(minimum: 0.1), .exponential])
  func batteryOfScales(scale: CouplingTransform.Scale) throws {
    try checkBijection("MaskedAutoregression \(scale)", image: [3, 4, 1]) {
      try Self.map(.down, channels: 1, scale: scale, like: $0)
    }
  }

  @Test(arguments: ScanOrder.allCases) func batteryOfSteps(order: ScanOrder) throws {
    try checkBijection("a masked step, \(order)", image: [4, 3, 3]) {
      try Self.step("step", order, like: $0)
    }
  }

  static func step(_ name: String, _ order: ScanOrder, like options: TensorOptions) throws -> MaskedStep {
    let generator = try Generator(seed: 5)
    return MaskedStep(
      name, actnorm: try ActNorm(name + ".actnorm", channels: 3, like: options),
      permutation: try InvertibleConv1x1(
        name + ".permutation", channels: 3, factored: true, like: options, using: generator),
      transform: try MaskedAutoregression(
        name + ".masked", channels: 3, hidden: 6, order: order, like: options, using: generator))
  }

  /// How many pixels come before each in an order.
  static func rank(_ order: ScanOrder, _ row: Int, _ column: Int, height: Int, width: Int) -> Int {
    switch order {
    case .down: row * width + column
    case .up: height * width - 1 - (row * width + column)
    case .right: column * height + row
    case .left: height * width - 1 - (column * height + row)
    }
  }

  /// A pixel of the output depends on itself, channel by channel, and on pixels before it, and on some of each kind.
  @Test(arguments: ScanOrder.allCases) func noLeakFromLaterPixels(order: ScanOrder) throws {
    let (height, width, channels) = (4, 5, 2)
    let map = try Self.map(order, like: TensorOptions(.float64))
    try randomize(map.parameters)
    let x = try randomTensor([1, height, width, channels], seed: 3, .float64)
    let jacobian = try autogradJacobian(of: { try map.forward($0).y }, at: x).elements(Double.self)
    let count = height * width * channels
    func rank(_ index: Int) -> Int {
      let pixel = index / channels
      return Self.rank(order, pixel / width, pixel % width, height: height, width: width)
    }
    var used = 0
    for (output, input) in (0..<count).flatMap({ o in (0..<count).map { (o, $0) } }) {
      let slope = jacobian[output * count + input]
      if rank(input) > rank(output) || (rank(input) == rank(output) && input != output) {
        #expect(slope == 0, "\(output) sees \(input)")
      }
      if rank(input) < rank(output) && slope != 0 { used += 1 }
    }
    // Two masked convolutions reach two lines back: pixels inside see eight and more.
    #expect(used > 4 * channels * count)
  }

  /// The wavefront against rounds of the whole network, at sizes that fill its blocks and at sizes that do not.
  @Test(
    arguments: ScanOrder.allCases,
    [[1, 1, 1, 1], [2, 7, 5, 3], [5, 16, 16, 2], [3, 1, 9, 2], [3, 9, 1, 2]])
  func inverseIsThatOfTheForwardPass(order: ScanOrder, shape: [Int]) throws {
    for (dtype, tolerance) in [(DType.float64, 1e-11), (.float32, 2e-5)] {
      for options in [ConditionerOptions.all[0], .all[3]] {
        let map = try Self.map(order, channels: shape[3], hidden: 20, options: options, like: TensorOptions(dtype))
        try randomize(map.parameters)
        let context = Context(labels: options.conditional ? try randomTensor([shape[0], 3], seed: 7, dtype) : nil)
        let x = try randomTensor(shape, seed: 4, dtype)
        let y = try map.forward(x, under: context, keep: false).y
        try expectClose(map.inverse(y, under: context), x, within: tolerance, "\(dtype)")
      }
    }
  }

  /// Sums are taken in one order: an image comes out the same to the bit among any others and with any threads.
  @Test func inverseOfAnImageDependsOnItAlone() throws {
    let own = Runtime.threadCount
    defer { try! Runtime.setThreadCount(own) }
    let map = try Self.map(.right, channels: 3, hidden: 32, like: TensorOptions(.float32))
    try randomize(map.parameters)
    let y = try randomTensor([7, 12, 10, 3], seed: 4, .float32)
    try Runtime.setThreadCount(1)
    let all = try map.inverse(y)
    for threads in [1, 2, 5] {
      try Runtime.setThreadCount(threads)
      try expectEqual(map.inverse(y), all, "\(threads) threads")
      for index in 0..<7 {
        try expectEqual(
          map.inverse(y.narrowed(0, index..<index + 1)), all.narrowed(0, index..<index + 1), "image \(index)")
      }
    }
  }

  /// A network that sees later pixels is refused.
  @Test func inverseNeedsMaskedTaps() throws {
    let network = try ConvConditioner(
      "net", inputs: 2, hidden: 4, outputs: 4, edgeChannel: false, like: TensorOptions(.float32),
      using: Generator(seed: 1))
    #expect(throws: TorchError.self) {
      try network.maskedInverse(.zeros([1, 3, 3, 2]), ShiftScaleKernel(scale: .bounded, kept: 0).code, under: .none)
    }
  }

  /// Training never goes through the inverse: a chain keeps the inputs of masked steps, and no more.
  @Test func chainsKeepTheInputsOfMaskedSteps() throws {
    let options = TensorOptions(.float64)
    let steps = try ScanOrder.allCases.map { try Self.step("step.\($0)", $0, like: options) }
    let chain = Chain(steps + [Squeeze()])
    try randomize(chain.parameters)
    let x = try randomTensor([2, 4, 6, 3], seed: 8, .float64)
    let forward = try chain.forward(x, under: .none, keeping: [])
    #expect(forward.saved.children.map(\.tensors.count) == [1, 1, 1, 1, 0])
    #expect(forward.saved.children.allSatisfy { $0.children.isEmpty })
    try expectEqual(forward.saved.children[0].tensors[0], x, "the first input")

    let gradY = try randomTensor(forward.y.shape, seed: 9, .float64)
    let gradLogDet = try randomTensor([2], seed: 10, .float64)
    func gradients(_ kept: Set<Int>?) throws -> [Tensor] {
      for parameter in chain.parameters { try parameter.gradient.zeroInPlace() }
      let pass = try chain.forward(x, under: .none, keeping: kept)
      let back = try chain.backward(y: pass.y, saved: pass.saved, gradY: gradY, gradLogDet: gradLogDet)
      return try [back.x, back.gradX] + chain.parameters.map { try $0.gradient.copy() }
    }
    let reference = try gradients([0, 1, 2, 3, 4])
    for kept: Set<Int>? in [[], [2, 3], nil] {
      for (found, expected) in zip(try gradients(kept), reference) {
        try expectClose(found, expected, within: 1e-10, "kept \(String(describing: kept))")
      }
    }
  }

  /// Bfloat16 products give the wavefront the same conditioner as the forward pass.
  @Test(.enabled(if: Runtime.hasBFloat16Products)) func inverseInBFloat16() throws {
    let map = try Self.map(.down, channels: 3, hidden: 16, like: TensorOptions(.float32))
    try randomize(map.parameters)
    map.use(.bfloat16)
    let x = try randomTensor([3, 8, 8, 3], seed: 4, .float32)
    try expectClose(map.inverse(map.forward(x).y), x, within: 1e-4, "round trip")
  }
}

import Flows
import TestSupport
import Testing
import Torch

/// What conditioners can be told to do.
struct ConditionerOptions: CustomTestStringConvertible, Sendable {
  var edgeChannel: Bool
  var conditional: Bool
  var logScaleFactor: Double

  static let all = [
    ConditionerOptions(edgeChannel: false, conditional: false, logScaleFactor: 1),
    ConditionerOptions(edgeChannel: true, conditional: false, logScaleFactor: 3),
    ConditionerOptions(edgeChannel: false, conditional: true, logScaleFactor: 3),
    ConditionerOptions(edgeChannel: true, conditional: true, logScaleFactor: 1),
  ]

  var testDescription: String { "edge \(edgeChannel), condition \(conditional), factor \(logScaleFactor)" }

  /// Labels that a layer is conditioned on.
  var classes: Int { conditional ? 3 : 0 }

  func conditioner(
    inputs: Int, outputs: Int, hidden: Int = 5,
    taps: (first: ConvolutionTaps, last: ConvolutionTaps) = (.square, .square), like options: TensorOptions
  ) throws -> ConvConditioner {
    try ConvConditioner(
      "net", inputs: inputs, hidden: hidden, outputs: outputs, edgeChannel: edgeChannel,
      logScaleFactor: logScaleFactor, classes: classes, taps: taps, like: options, using: Generator(seed: 11))
  }

  /// The same network, with the same weights, through libtorch's autograd.
  func autogradConditioner(copying original: ConvConditioner) throws -> AutogradConditioner {
    let parameters = try original.parameters.map { try Parameter($0.name, $0.value.copy()) }
    let (names, edgeChannel, factor) = (parameters.map(\.name), edgeChannel, logScaleFactor)
    return AutogradConditioner(parameters: parameters) { x, values, context in
      var network = ReferenceNetwork(names, values, prefix: "net", edgeChannel: edgeChannel)
      network.logScaleFactor = factor
      network.labels = context.labels
      return try network.conditioner(x)
    }
  }
}

let transforms: [CouplingTransform] = [
  .additive, .affine(.sigmoid(minimum: 0)), .affine(.sigmoid(minimum: 0.1)), .affine(.exponential),
  .affine(.bounded),
]

@Suite(.serialized) struct CouplingTests {
  @Test(arguments: transforms, ConditionerOptions.all)
  func battery(transform: CouplingTransform, options: ConditionerOptions) throws {
    try checkBijection("Coupling \(transform)", image: [5, 7, 4], classes: options.classes) {
      let outputs = 2 * transform.outputsPerChannel
      return Coupling(
        transform,
        conditioner: try options.conditioner(inputs: 2, outputs: outputs, like: $0))
    }
  }

  /// Every map under every mask.
  @Test(
    arguments: transforms + [.affine(.rescaledTanh(start: 0.7))],
    [
      CouplingMask.checkerboard(keepsOdd: false), .checkerboard(keepsOdd: true), .channels(keepsFirst: true),
      .channels(keepsFirst: false),
    ])
  func batteryOfMasks(transform: CouplingTransform, mask: CouplingMask) throws {
    try checkBijection("Coupling \(transform) under \(mask)", image: [3, 4, 4]) {
      let inputs = mask.isCheckerboard ? 4 : 2
      let conditioner = try ConditionerOptions.all[1].conditioner(
        inputs: inputs, outputs: inputs * transform.outputsPerChannel, like: $0)
      return try Coupling("coupling", transform, mask: mask, conditioner: conditioner, like: $0)
    }
  }

  @Test(arguments: transforms, [ConditionerOptions.all[0], ConditionerOptions.all[3]])
  func batteryThroughAutograd(transform: CouplingTransform, options: ConditionerOptions) throws {
    try checkBijection("Coupling \(transform) through autograd", image: [3, 4, 4], classes: options.classes) {
      let outputs = 2 * transform.outputsPerChannel
      let original = try options.conditioner(inputs: 2, outputs: outputs, like: $0)
      return Coupling(transform, conditioner: try options.autogradConditioner(copying: original))
    }
  }

  @Test(arguments: transforms) func ofOnePixel(transform: CouplingTransform) throws {
    try checkBijection("Coupling \(transform) of a pixel", image: [1, 1, 2]) {
      let outputs = transform.outputsPerChannel
      return Coupling(
        transform,
        conditioner: try ConditionerOptions.all[1].conditioner(
          inputs: 1, outputs: outputs, like: $0))
    }
  }

  /// A fresh coupling leaves the kept half alone and multiplies the other by the scale of a raw output of 0.
  @Test func start() throws {
    let x = try randomTensor([2, 3, 3, 4], seed: 1)
    let scales = [1.0, 0.880797077977882, 0.1 + 0.9 * 0.880797077977882, 1.0]
    for (transform, scale) in zip(transforms, scales) {
      let coupling = Coupling(
        transform,
        conditioner: try ConditionerOptions.all[0].conditioner(
          inputs: 2, outputs: 2 * transform.outputsPerChannel, like: TensorOptions(.float64)))
      let (kept, transformed) = try x.splitLast(at: 2)
      let y = try coupling.forward(x, keep: false).y.splitLast(at: 2)
      try expectEqual(y.0, kept, "\(transform): kept")
      try expectClose(y.1, transformed * scale, within: 1e-14, "\(transform): transformed")
      let range = try scaleRange(of: coupling, x)
      expectClose([range.minimum, range.maximum], [scale, scale], within: 1e-14, "\(transform): scale")
    }
  }

  /// `transformed` as the formula has it, from the network's output: shifts first, then what gives the scales.
  @Test func formulas() throws {
    let x = try randomTensor([2, 3, 3, 4], seed: 1)
    let (kept, transformed) = try x.splitLast(at: 2)
    for transform in transforms {
      let network = try ConditionerOptions.all[0].conditioner(
        inputs: 2, outputs: 2 * transform.outputsPerChannel, like: TensorOptions(.float64))
      try randomize(network.parameters)
      let coupling = Coupling(transform, conditioner: network)
      let output = try network.forward(kept, keep: false).output
      let (shift, raw) = try output.splitLast(at: 2)
      let scale: Tensor? =
        switch transform {
        case .additive: nil
        case .affine(.sigmoid(let minimum)): try (raw + 2).sigmoid() * (1 - minimum) + minimum
        case .affine(.exponential): try raw.exponential()
        case .affine(.bounded): try raw.tanh().exponential()
        case .affine(.rescaledTanh): nil
        }
      let expected = try (transformed + shift) * (scale ?? .ones([], .float64))
      let found = try coupling.forward(x, keep: false)
      try expectClose(found.y.splitLast(at: 2).1, expected, within: 1e-13, "\(transform)")
      let logDet = try scale?.logarithm().sum([1, 2, 3]) ?? .zeros([2], .float64)
      try expectClose(found.logDet, logDet, within: 1e-13, "\(transform): log-determinant")
      if let scale {
        let range = try scaleRange(of: coupling, x)
        #expect(range.minimum == (try scale.minimum().item()))
        #expect(range.maximum == (try scale.maximum().item()))
      }
    }
  }

  /// A sigmoid far in its tail keeps a finite log-determinant.
  @Test func extremeScales() throws {
    let conditioner = AutogradConditioner(parameters: []) { x, _ in
      try .concatenating([x, .full(-200, x.shape, x.dtype)], alongDimension: -1)
    }
    let x = try randomTensor([1, 2, 2, 2], seed: 1, .float32)
    let logDet = try Coupling(.affine(.sigmoid(minimum: 0)), conditioner: conditioner).forward(x, keep: false).logDet
    expectClose([try logDet.item()], [-4 * 198], within: 1e-5, "log-determinant")
    let bounded = Coupling(.affine(.sigmoid(minimum: 0.1)), conditioner: conditioner)
    try expectClose(bounded.inverse(bounded.forward(x, keep: false).y), x, within: 1e-4, "the inverse")
  }
}

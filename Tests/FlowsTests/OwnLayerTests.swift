import Flows
import TestSupport
import Testing
import Torch

/// A layer with no more than a layer of one's own needs: `y = x * exp(s) + t` per channel.
private class Scaling: Bijection {
  let logScale: Parameter
  let shift: Parameter
  var parameters: [Parameter] { [logScale, shift] }
  var invertsInOnePass: Bool { true }

  init(channels: Int, like options: TensorOptions) throws {
    logScale = try Parameter("logScale", .zeros([channels], options.dtype))
    shift = try Parameter("shift", .zeros([channels], options.dtype))
  }

  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let places = Double(x.shape[1] * x.shape[2])
    let logDet = try (logScale.value.sum() * places).expanded(to: [x.shape[0]])
    return Forward(try x * logScale.value.exponential() + shift.value, logDet: logDet)
  }

  func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    try (y - shift.value) / logScale.value.exponential()
  }
}

/// Keeps its input, as layers do whose inverse takes many passes.
private final class SlowlyInverted: Scaling {
  override var invertsInOnePass: Bool { false }
  var inverses = 0

  override func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let forward = try super.forward(x, under: context, keep: keep)
    return Forward(forward.y, logDet: forward.logDet, saved: keep ? Saved([x]) : .nothing)
  }

  override func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    inverses += 1
    return try super.inverse(y, under: context)
  }
}

/// What is wrong in one way.
private final class Faulty: Bijection {
  enum Fault: CaseIterable { case inverse, logDeterminant, rebuiltInput, inputGradient, parameterGradient }

  let layer: Scaling
  let fault: Fault
  var parameters: [Parameter] { layer.parameters }

  init(_ fault: Fault) throws {
    (self.fault, layer) = (fault, try Scaling(channels: 2, like: TensorOptions(.float64)))
  }

  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let forward = try layer.forward(x, under: context, keep: keep)
    return fault == .logDeterminant ? Forward(forward.y, logDet: try forward.logDet * 0.5) : forward
  }

  func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    try layer.inverse(y, under: context) * (fault == .inverse ? 1.1 : 1)
  }

  func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let logDetGradient = try fault == .logDeterminant ? gradLogDet * 0.5 : gradLogDet
    let (x, gradX) = try layer.backward(y: y, saved: saved, gradY: gradY, gradLogDet: logDetGradient, under: context)
    if fault == .parameterGradient { try layer.shift.gradient.multiplyInPlace(0.9) }
    return (try x * (fault == .rebuiltInput ? 1.1 : 1), try gradX * (fault == .inputGradient ? 1.1 : 1))
  }
}

/// What ``Bijection`` and ``BijectionErrors`` give to layers of other packages.
@Suite(.serialized) struct OwnLayerTests {
  @Test func forwardAndInverseAreEnough() throws {
    try checkBijection("scaling", image: [2, 3, 2]) { try Scaling(channels: 2, like: $0) }
    try checkBijection("slowly inverted", image: [2, 3, 2]) { try SlowlyInverted(channels: 2, like: $0) }
  }

  @Test func aKeptInputIsNotRebuilt() throws {
    let layer = try SlowlyInverted(channels: 1, like: TensorOptions(.float64))
    let x = try randomTensor([2, 2, 2, 1], seed: 1)
    let forward = try layer.forward(x, keep: true)
    _ = try layer.backward(y: forward.y, saved: forward.saved, gradY: x, gradLogDet: .ones([2], .float64))
    #expect(layer.inverses == 0)
  }

  private func errors(of layer: any Bijection) throws -> BijectionErrors {
    try randomize(layer.parameters)
    return try BijectionErrors(of: layer, on: randomTensor([2, 2, 2, 2], seed: 2))
  }

  @Test func aSoundLayerHasSmallErrors() throws {
    let options = TensorOptions(.float64)
    let generator = try Generator(seed: 1)
    let layers: [any Bijection] = [
      try Scaling(channels: 2, like: options), try SlowlyInverted(channels: 2, like: options), Squeeze(),
      try ActNorm("actnorm", channels: 2, like: options),
      Coupling(
        .additive,
        conditioner: try ConvConditioner(
          "conditioner", inputs: 1, hidden: 3, outputs: 1, edgeChannel: false, like: options, using: generator)),
    ]
    for layer in layers {
      let errors = try errors(of: layer)
      #expect(errors.largest < 1e-8, "\(type(of: layer)): \(errors)")
    }
  }

  @Test func measuringLeavesGradientsAlone() throws {
    let layer = try Scaling(channels: 2, like: TensorOptions(.float64))
    try layer.shift.gradient.assign(.full(0.5, [], .float64))
    _ = try errors(of: layer)
    #expect(try layer.shift.gradient.elements() == [0.5, 0.5] && layer.logScale.gradient.elements() == [0.0, 0])
  }

  @Test(arguments: Faulty.Fault.allCases) private func everyFaultIsFound(fault: Faulty.Fault) throws {
    let errors = try errors(of: Faulty(fault))
    let (found, others) =
      switch fault {
      case .inverse: (errors.inverse, [errors.logDeterminant, errors.rebuiltInput, errors.gradient])
      case .logDeterminant: (errors.logDeterminant, [errors.inverse, errors.rebuiltInput, errors.gradient])
      case .rebuiltInput: (errors.rebuiltInput, [errors.inverse, errors.logDeterminant, errors.gradient])
      case .inputGradient, .parameterGradient:
        (errors.gradient, [errors.inverse, errors.logDeterminant, errors.rebuiltInput])
      }
    #expect(found > 1e-3 && found == errors.largest, "\(errors)")
    #expect(others.allSatisfy { $0 < 1e-8 }, "\(errors)")
  }

  @Test func aValueThatIsNoNumberIsTheLargestError() throws {
    let layer = try Scaling(channels: 2, like: TensorOptions(.float64))
    try layer.shift.value.assign(.full(.nan, [], .float64))
    #expect(try errors(of: layer).largest.isNaN)
  }
}

import Foundation
import TestSupport
import Testing
import Torch

@testable import Flows

/// ActNorm and 1x1 convolution in Swift's arithmetic against libtorch's.
@Suite(.serialized) struct AffineMixTests {
  @Test(arguments: [1, 2, 12, 48], [false, true]) func hostEqualsDevice(channels: Int, factored: Bool) throws {
    func layers() throws -> (ActNorm, InvertibleConv1x1) {
      let options = TensorOptions(.float64)
      let actnorm = try ActNorm("actnorm", channels: channels, logScaleFactor: 3, like: options)
      let convolution = try InvertibleConv1x1(
        "conv", channels: channels, factored: factored, like: options, using: Generator(seed: 5))
      try randomize(actnorm.parameters + convolution.parameters)
      return (actnorm, convolution)
    }
    let (own, other) = (try layers(), try layers())
    let host = try HostAffineMix(own.0, own.1, .float64)
    let device = try DeviceAffineMix(other.0, other.1)
    let x = try randomTensor([3, 20, 30, channels], seed: 1)
    let gradY = try randomTensor(x.shape, seed: 2)
    let gradLogDet = try randomTensor([3], seed: 3)

    let (found, expected) = (try host.forward(x), try device.forward(x))
    try expectClose(found.y, expected.y, within: 1e-12, "output")
    try expectClose(found.logDet, expected.logDet, within: 1e-12, "log-determinant")
    try expectClose(host.inverse(found.y), x, within: 1e-10, "inverse")
    try expectClose(device.inverse(found.y), x, within: 1e-10, "libtorch's inverse")
    try expectClose(
      host.backward(x: x, gradY: gradY, gradLogDet: gradLogDet),
      device.backward(x: x, gradY: gradY, gradLogDet: gradLogDet), within: 1e-12, "gradient of the input")
    for (a, b) in zip(own.0.parameters + own.1.parameters, other.0.parameters + other.1.parameters) {
      try expectClose(a.gradient, b.gradient, within: 1e-10, "gradient of \(a.name)")
    }
  }

  /// A step keeps what it worked out for its parameters; it must notice every change of them, and a change that could not be used.
  @Test func stepFollowsItsParameters() throws {
    let options = TensorOptions(.float64)
    let actnorm = try ActNorm("actnorm", channels: 4, like: options)
    let convolution = try InvertibleConv1x1(
      "conv", channels: 4, factored: false, like: options, using: Generator(seed: 7))
    let conditioner = try ConvConditioner(
      "net", inputs: 2, hidden: 4, outputs: 4, edgeChannel: true, like: options, using: Generator(seed: 8))
    let step = FlowStep(
      "step", actnorm: actnorm, permutation: convolution,
      transform: Coupling(.affine(.bounded), conditioner: conditioner))
    try randomize(step.parameters)
    let x = try randomTensor([2, 6, 5, 4], seed: 1)
    func expectTheLayers(_ what: String) throws {
      let apart = try convolution.forward(actnorm.forward(x, keep: false).y, keep: false).y
      let (mixed, inverted) = (try step.mix(x), try step.inverse(step.forward(x, keep: false).y))
      try expectClose(mixed.y, apart, within: 1e-12, what)
      try expectClose(inverted, x, within: 1e-10, "inverse, \(what)")
    }
    try expectTheLayers("at first")
    for parameter in actnorm.parameters + convolution.parameters {
      try parameter.value.addInPlace(parameter.value, scale: 0.25)
      try expectTheLayers("after a change of \(parameter.name)")
    }
    let weight = convolution.parameters[0].value
    let kept = try weight.copy()
    try weight.zeroInPlace()
    for _ in 1...2 { #expect(throws: TorchError.self) { try step.inverse(x) } }
    try weight.assign(kept)
    try expectTheLayers("after a matrix without an inverse")
  }

  @Test func inverseNeedsPivots() throws {
    let matrix = SmallMatrix(size: 3, [0, 2, 1, 1, 0, 0, 3, 0, 1])
    let (inverse, logDeterminant) = try matrix.inverted()
    expectClose((matrix * inverse).elements, SmallMatrix.identity(3).elements, within: 1e-15, "product")
    #expect(abs(logDeterminant - log(2)) < 1e-15)
    #expect(abs(matrix.logDeterminant - log(2)) < 1e-15)
  }

  @Test(arguments: [[1.0, 2, 2, 4], [.nan, 0, 0, 1]]) func singularMatricesAreRefused(elements: [Double]) {
    let matrix = SmallMatrix(size: 2, elements)
    #expect(throws: TorchError.self) { try matrix.inverted() }
    #expect(!matrix.logDeterminant.isFinite)
  }
}

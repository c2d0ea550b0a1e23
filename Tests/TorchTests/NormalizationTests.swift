import TestSupport
import Testing
import Torch

@Suite(.serialized) struct NormalizationTests {
  private let epsilon = 1e-3

  private func reference(_ x: Tensor, _ bias: Tensor) throws -> Tensor {
    let deviation = try (x.variance([0, 1, 2]) + epsilon).squareRoot()
    return try (x - x.mean([0, 1, 2])) / deviation + bias
  }

  @Test(arguments: [DType.float32, .float64], [[3, 4, 5, 3], [2, 1, 1, 4], [4, 6, 6, 1]])
  func equalsItsDefinition(dtype: DType, shape: [Int]) throws {
    let tolerance = dtype == .float64 ? 1e-12 : 1e-4
    let x = try randomTensor(shape, seed: 1) * 2 + 0.5
    let bias = try randomTensor([shape[3]], seed: 2)
    let gradient = try randomTensor(shape, seed: 3)
    let leaves = try [x.requiringGradient(), bias.requiringGradient()]
    let expected = try reference(leaves[0], leaves[1])
    let derivatives = try gradients(of: [expected], with: [gradient], withRespectTo: leaves)

    let own = try x.converted(to: dtype)
    let found = try own.batchNormalized(bias: bias.converted(to: dtype), epsilon: epsilon)
    try expectClose(found.y, expected.converted(to: dtype), within: tolerance, "normalized")
    try expectClose(found.mean, x.mean([0, 1, 2]).converted(to: dtype), within: tolerance, "mean")
    try expectClose(
      found.inverseStandardDeviation, (1 / (x.variance([0, 1, 2]) + epsilon).squareRoot()).converted(to: dtype),
      within: tolerance, "inverse deviation")
    let back = try gradient.converted(to: dtype).batchNormalizedBackward(
      input: own, mean: found.mean, inverseStandardDeviation: found.inverseStandardDeviation, epsilon: epsilon)
    try expectClose(back.input, derivatives[0]!.converted(to: dtype), within: tolerance, "gradient of the input")
    try expectClose(back.bias, derivatives[1]!.converted(to: dtype), within: tolerance, "gradient of the bias")
    try expectClose(
      own.batchNormalized(bias: nil, epsilon: epsilon).y, (expected - bias).converted(to: dtype), within: tolerance,
      "without a bias")
  }

  @Test func quotientsUnderAutograd() throws {
    let x = try Tensor([2.0, -4.0]).requiringGradient()
    let found = try gradients(of: [3 / x], with: [.ones([2], .float64)], withRespectTo: [x])
    expectClose(try found[0]!.elements(), [-0.75, -0.1875], within: 1e-15, "gradient of 3 / x")
  }
}

import Flows
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct GaussianTests {
  private let shape = [3, 2, 5, 2]

  private func gaussian(broadcast: Bool, _ parameters: [Parameter]? = nil) throws -> Gaussian {
    let own = broadcast ? [1, 1, 1, 2] : shape
    return Gaussian(
      mean: try parameters?[0].value ?? randomTensor(own, seed: 1),
      logStandardDeviation: try parameters?[1].value ?? randomTensor(own, seed: 2, scale: 0.5))
  }

  @Test func logProbability() throws {
    let normal = try gaussian(broadcast: false)
    let z = try randomTensor(shape, seed: 3)
    let (mean, logStandardDeviation) = try (
      normal.mean.elements(Double.self), normal.logStandardDeviation.elements(Double.self)
    )
    let terms = try z.elements(Double.self).enumerated().map { index, value in
      let deviation = exp(logStandardDeviation[index])
      return log(exp(-pow((value - mean[index]) / deviation, 2) / 2) / (deviation * (2 * Double.pi).squareRoot()))
    }
    let expected = (0..<3).map { terms[$0 * 20..<($0 + 1) * 20].reduce(0, +) }
    expectClose(try normal.logProbability(z).elements(), expected, within: 1e-13, "log-probability")
  }

  @Test(arguments: [false, true]) func gradients(broadcast: Bool) throws {
    let start = try gaussian(broadcast: broadcast)
    let parameters = [
      try Parameter("mean", start.mean), try Parameter("logStandardDeviation", start.logStandardDeviation),
    ]
    let z = try randomTensor(shape, seed: 3)
    let weight = try randomTensor([3], seed: 4)
    let expected = try autogradGradients(of: parameters, inputs: [z]) { leaves in
      try (gaussian(broadcast: broadcast, parameters).logProbability(leaves[0]) * weight).sum()
    }
    let (gradZ, halves) = try start.backward(z, weight: weight)
    try expectClose(gradZ, expected.inputs[0], within: 1e-13, "z")
    // Of each image: where the images share a value, its gradient is their sum.
    let own = broadcast ? try halves.sum([0, 1, 2], keepingDimensions: true) : halves
    let joined = try Tensor.concatenating(expected.parameters, alongDimension: -1)
    try expectClose(own, joined, within: 1e-13, "mean and log standard deviation")
  }

  @Test(arguments: [false, true]) func standardizeAndRestore(broadcast: Bool) throws {
    let normal = try gaussian(broadcast: broadcast)
    let z = try randomTensor(shape, seed: 3)
    try expectClose(normal.restore(normal.standardize(z)), z, within: 1e-14, "restored")
    let expected = try (z - normal.mean) / normal.logStandardDeviation.exponential()
    try expectClose(normal.standardize(z), expected, within: 1e-14, "standardized")
  }

  @Test func halves() throws {
    let joined = try randomTensor([1, 2, 2, 6], seed: 1)
    let normal = try Gaussian(halves: joined)
    try expectEqual(normal.mean, joined.narrowed(3, 0..<3), "mean")
    try expectEqual(normal.logStandardDeviation, joined.narrowed(3, 3..<6), "log standard deviation")
  }
}

@Suite(.serialized) struct SplitTests {
  @Test(arguments: ConditionerOptions.all, [nil, DeviationLimit(0.7)])
  func backward(options: ConditionerOptions, limit: DeviationLimit?) throws {
    let context = Context(labels: options.conditional ? try randomTensor([3, 3], seed: 9) : nil)
    let split = try Split(
      "split", shape: [5, 7, 4], edgeChannel: options.edgeChannel, classes: options.classes, limit: limit,
      like: TensorOptions(.float64))
    try randomize(split.parameters)
    let x = try randomTensor([3, 5, 7, 4], seed: 1)
    let gradKept = try randomTensor([3, 5, 7, 2], seed: 2)
    let weight = try randomTensor([3], seed: 3)
    let expected = try autogradGradients(of: split.parameters, inputs: [x]) { leaves in
      let (kept, latent) = try split.divide(leaves[0])
      let logProbability = try split.distribution(given: kept, under: context).logProbability(latent)
      return try (kept * gradKept).sum() + (logProbability * weight).sum()
    }
    for parameter in split.parameters { try parameter.gradient.assign(Tensor.full(0.5, [], .float64)) }
    let (kept, latent) = try split.divide(x)
    let found = try split.backward(kept: kept, latent: latent, gradKept: gradKept, weight: weight, under: context)
    try expectEqual(found.x, x, "the input")
    try expectClose(found.gradX, expected.inputs[0], within: 1e-12, "gradient of the input")
    for (parameter, gradient) in zip(split.parameters, expected.parameters) {
      try expectClose(parameter.gradient - 0.5, gradient, within: 1e-12, "gradient of \(parameter.name)")
    }
  }

  @Test func theDeviationStaysInItsLimit() throws {
    let split = try Split(
      "split", shape: [5, 7, 4], edgeChannel: false, limit: DeviationLimit(1.5), like: TensorOptions(.float64))
    try randomize(split.parameters)
    let free = try Split("split", shape: [5, 7, 4], edgeChannel: false, like: TensorOptions(.float64))
    for (own, other) in zip(free.parameters, split.parameters) { try own.value.assign(other.value) }
    let kept = try randomTensor([3, 5, 7, 2], seed: 1) * 100
    let (limited, unlimited) = (try split.distribution(given: kept), try free.distribution(given: kept))
    try expectEqual(limited.mean, unlimited.mean, "the mean")
    let pairs = try zip(
      limited.logStandardDeviation.elements(Double.self), unlimited.logStandardDeviation.elements(Double.self))
    for (own, raw) in pairs { #expect(abs(own - 1.5 * tanh(raw / 1.5)) < 1e-12) }
    #expect(try unlimited.logStandardDeviation.magnitude().maximum().item() > 5, "there is something to limit")
  }

  @Test func start() throws {
    let split = try Split("split", shape: [3, 3, 4], edgeChannel: true, like: TensorOptions(.float64))
    let x = try randomTensor([2, 3, 3, 4], seed: 1)
    let (kept, latent) = try split.divide(x)
    try expectEqual(split.join(kept, latent), x, "divided and joined")
    try expectEqual(split.distribution(given: kept).standardize(latent), latent, "a standard normal prior")
  }
}

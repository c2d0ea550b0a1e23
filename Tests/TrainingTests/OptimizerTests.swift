import Flows
import Foundation
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct OptimizerTests {
  private let start = [0.5, -1.25, 2, 0]
  private let beta1 = 0.8
  private let beta2 = 0.95
  private let epsilon = 1e-3
  private let rate = 0.1
  /// Of six steps; one element is always zero, one changes its sign, one falls.
  private let gradients: [[Double]] = (0..<6).map { (step: Int) -> [Double] in
    let alternating: Double = step % 2 == 0 ? 1 : -2
    return [0.3, alternating, 4 / Double(step + 1), 0]
  }

  private func vector(_ values: [Double]) throws -> ParameterVector {
    try ParameterVector([Parameter("a", Tensor(Array(values[..<1]))), Parameter("b", Tensor(Array(values[1...])))])
  }

  /// The values after each step.
  private func run(_ kind: TrainingConfiguration.OptimizerKind, weightDecay: Double = 0) throws -> [[Double]] {
    let parameters = try vector(start)
    let optimizer = try Optimizer(
      kind, parameters, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
    return try gradients.map { gradient in
      try parameters.gradients.assign(Tensor(gradient))
      try optimizer.step(learningRate: rate, norm: parameters.gradientNorm())
      return try parameters.values.elements()
    }
  }

  @Test func adamax() throws {
    var (w, m, u) = (start, [Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
    let expected = gradients.enumerated().map { index, gradient in
      let t = Double(index + 1)
      let step = rate * (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t))
      for i in w.indices {
        m[i] = beta1 * m[i] + (1 - beta1) * gradient[i]
        u[i] = max(beta2 * u[i], abs(gradient[i]))
        w[i] -= step * m[i] / (u[i] + epsilon)
      }
      return w
    }
    let found = try run(.adamax)
    for step in expected.indices { expectClose(found[step], expected[step], within: 1e-12, "step \(step)") }
  }

  @Test func adam() throws {
    var (w, m, v) = (start, [Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
    let expected = gradients.enumerated().map { index, gradient in
      let t = Double(index + 1)
      for i in w.indices {
        m[i] = beta1 * m[i] + (1 - beta1) * gradient[i]
        v[i] = beta2 * v[i] + (1 - beta2) * gradient[i] * gradient[i]
        let (mean, square) = (m[i] / (1 - pow(beta1, t)), v[i] / (1 - pow(beta2, t)))
        w[i] -= rate * mean / (square.squareRoot() + epsilon)
      }
      return w
    }
    let found = try run(.adam)
    for step in expected.indices { expectClose(found[step], expected[step], within: 1e-12, "step \(step)") }
  }

  /// Against `torch.optim.AdamW(lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2)` of PyTorch 2.13 in float64.
  @Test func adamWithWeightDecay() throws {
    let expected: [[Double]] = [
      [0.39033222591362127, -1.3249000999001, 1.860024993751562, 0.0],
      [0.2828578073089701, -1.2565852830910131, 1.7307881947003356, 0.0],
      [0.17753287707641194, -1.23261220349121, 1.6112177895498883, 0.0],
      [0.07431444544850493, -1.166143144610301, 1.5003535823910847, 0.0],
      [-0.0268396175468439, -1.1313037977943998, 1.397369665271124, 0.0],
      [-0.1259705992822858, -1.066860907027427, 1.301546685945103, 0.0],
    ]
    let found = try run(.adam, weightDecay: 0.2)
    for step in expected.indices { expectClose(found[step], expected[step], within: 1e-12, "step \(step)") }
  }

  /// Without a gradient, weights only shrink.
  @Test(arguments: TrainingConfiguration.OptimizerKind.allCases) func weightDecayAlone(
    kind: TrainingConfiguration.OptimizerKind
  ) throws {
    let parameters = try vector(start)
    let optimizer = try Optimizer(kind, parameters, weightDecay: 0.5)
    for rate in [0.1, 0.3] { try optimizer.step(learningRate: rate, norm: parameters.gradientNorm()) }
    expectClose(try parameters.values.elements(), start.map { $0 * 0.95 * 0.85 }, within: 1e-12, "values")
  }

  /// The values after each step and the average of them.
  private func averaged(decay: Double) throws -> (values: [[Double]], averages: [[Double]]) {
    let parameters = try vector(start)
    let optimizer = try Optimizer(.adam, parameters)
    let average = try WeightAverage(parameters, decay: decay)
    let steps: [([Double], [Double])] = try gradients.map { gradient in
      try parameters.gradients.assign(Tensor(gradient))
      try optimizer.step(learningRate: rate, norm: parameters.gradientNorm(), average: average)
      return (try parameters.values.elements(), try average.value().elements())
    }
    return (steps.map(\.0), steps.map(\.1))
  }

  @Test(arguments: [0.75, 0.999, 0]) func theAverageIsDebiased(decay: Double) throws {
    let (history, averages) = try averaged(decay: decay)
    for last in history.indices {
      let weights = (0...last).map { pow(decay, Double(last - $0)) }
      let expected = start.indices.map { i in
        (0...last).reduce(0) { $0 + weights[$1] * history[$1][i] } / weights.reduce(0, +)
      }
      expectClose(averages[last], expected, within: 1e-12, "after \(last + 1)")
    }
  }

  /// A vector longer than the runs in which the kernel works, in both types.
  @Test(arguments: [DType.float64, .float32], TrainingConfiguration.OptimizerKind.allCases)
  func longVectors(dtype: DType, kind: TrainingConfiguration.OptimizerKind) throws {
    let count = 70_001
    let gradient = (0..<count).map { sin(Double($0)) * ($0 % 7 == 0 ? 0 : 1) }
    let parameters = try ParameterVector([Parameter("a", Tensor.zeros([count], dtype))])
    let optimizer = try Optimizer(kind, parameters, beta1: beta1, beta2: beta2, epsilon: epsilon)
    let average = try WeightAverage(parameters, decay: 0.5)
    try parameters.gradients.assign(Tensor(gradient).converted(to: dtype))
    try optimizer.step(learningRate: rate, norm: parameters.gradientNorm(), average: average)
    // The first step: both moments' bias is corrected.
    let tolerance = dtype == .float64 ? 1e-12 : 1e-6
    let factor = kind != .adamax ? rate : rate * (1 - beta2).squareRoot()
    let expected = gradient.map { -factor * $0 / (abs($0) + epsilon) }
    expectClose(try parameters.values.elements(), expected, within: tolerance, "values")
    expectClose(try average.value().elements(), expected, within: tolerance, "average")
  }

  @Test(arguments: [1.0, 5.0, 50.0, 0.0]) func clipping(limit: Double) throws {
    let gradient = [1.8, 2.4, 0, 4]
    func step(_ gradient: [Double], clip: Double) throws -> [Double] {
      let parameters = try vector(start)
      try parameters.gradients.assign(Tensor(gradient))
      let norm = try parameters.gradientNorm()
      if clip != 0 { #expect(abs(try norm.item() - 5) < 1e-12) }
      try Optimizer(.adamax, parameters, epsilon: epsilon).step(learningRate: rate, norm: norm, clip: clip)
      return try parameters.values.elements()
    }
    let factor = limit == 1 ? 0.2 : 1
    expectClose(
      try step(gradient, clip: limit), try step(gradient.map { $0 * factor }, clip: 0), within: 1e-12, "values")
  }

  @Test func clippingNoGradient() throws {
    let parameters = try vector(start)
    try Optimizer(.adamax, parameters).step(learningRate: rate, norm: parameters.gradientNorm(), clip: 1)
    #expect(try parameters.values.elements() == start)
  }

  @Test(arguments: [Double.nan, .infinity]) func aGradientThatIsNotFiniteChangesNothing(value: Double) throws {
    let parameters = try vector(start)
    try parameters.gradients.assign(Tensor([1, value, 0, 2]))
    let optimizer = try Optimizer(.adam, parameters)
    try optimizer.step(learningRate: rate, norm: parameters.gradientNorm(), clip: 1)
    #expect(try parameters.values.elements() == start)
    #expect(try optimizer.firstMoment.elements() == [0.0, 0, 0, 0])
  }
}

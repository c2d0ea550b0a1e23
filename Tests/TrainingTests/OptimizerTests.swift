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
  private func run(_ kind: TrainingConfiguration.Optimizer) throws -> [[Double]] {
    let parameters = try vector(start)
    let optimizer = try Optimizer(kind, parameters, beta1: beta1, beta2: beta2, epsilon: epsilon)
    return try gradients.map { gradient in
      try parameters.gradients.assign(Tensor(gradient))
      try optimizer.step(learningRate: rate)
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

  @Test func theAverageIsDebiased() throws {
    let parameters = try vector(start)
    let average = try WeightAverage(parameters, decay: 0.75)
    let history = (1...5).map { step in start.map { $0 * Double(step) + 1 } }
    for (last, values) in history.enumerated() {
      try average.update(Tensor(values))
      let weights = (0...last).map { pow(0.75, Double(last - $0)) }
      let expected = start.indices.map { i in
        (0...last).reduce(0) { $0 + weights[$1] * history[$1][i] } / weights.reduce(0, +)
      }
      expectClose(try average.value().elements(), expected, within: 1e-12, "after \(last + 1)")
    }
  }

  @Test func theAverageOfConstantWeightsIsThem() throws {
    for decay in [0, 0.5, 0.999] {
      let average = try WeightAverage(vector(start), decay: decay)
      for step in 1...20 {
        try average.update(Tensor(start))
        expectClose(try average.value().elements(), start, within: 1e-12, "decay \(decay), step \(step)")
      }
    }
  }

  @Test(arguments: [
    (1.0, [0.36, 0.48, 0, 0.8]), (5.0, [1.8, 2.4, 0, 4]), (50.0, [1.8, 2.4, 0, 4]), (0.0, [1.8, 2.4, 0, 4]),
  ])
  func clipping(limit: Double, expected: [Double]) throws {
    let parameters = try vector(start)
    try parameters.gradients.assign(Tensor([1.8, 2.4, 0, 4]))
    #expect(abs(try parameters.clipGradients(to: limit).item() - 5) < 1e-12)
    expectClose(try parameters.gradients.elements(), expected, within: 1e-9, "gradients")
  }

  @Test func clippingNoGradient() throws {
    let parameters = try vector(start)
    #expect(try parameters.clipGradients(to: 1).item() == 0)
    #expect(try parameters.gradients.elements() == [0.0, 0, 0, 0])
  }
}

import Flows
import Foundation
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct MuonTests {
  private let rate = 0.01

  /// A tall matrix, a wide one, one of so few columns that Adam takes it, and vectors between them.
  private func parameters(_ dtype: DType = .float64) throws -> ParameterVector {
    let generator = try Generator(seed: 3)
    func drawn(_ name: String, _ shape: [Int], isLinearMap: Bool) throws -> Parameter {
      try Parameter(
        name, Tensor.normal(shape, .float64, using: generator).converted(to: dtype), isLinearMap: isLinearMap)
    }
    return try ParameterVector([
      drawn("first", [5], isLinearMap: false), drawn("tall", [3, 3, 9, 70], isLinearMap: true),
      drawn("wide", [16, 100], isLinearMap: true), drawn("between", [16, 16], isLinearMap: false),
      drawn("narrow", [3, 3, 9, 3], isLinearMap: true),
    ])
  }

  private func gradients(steps: Int, of parameters: ParameterVector) throws -> [Tensor] {
    let generator = try Generator(seed: 4)
    return try (0..<steps).map { _ in
      try Tensor.normal([parameters.count], .float64, using: generator).converted(to: parameters.values.dtype)
    }
  }

  private func run(
    _ parameters: ParameterVector, _ kind: TrainingConfiguration.OptimizerKind, _ gradients: [Tensor], clip: Double = 0,
    weightDecay: Double = 0, average: WeightAverage? = nil
  ) throws {
    let optimizer = try Optimizer(kind, parameters, weightDecay: weightDecay)
    for gradient in gradients {
      try parameters.gradients.assign(gradient)
      try optimizer.step(
        learningRate: rate, norm: parameters.gradientNorm(), clip: clip, average: average)
    }
  }

  /// The iteration on the matrix itself.
  private func orthogonalized(_ matrix: Tensor) throws -> Tensor {
    var x = try matrix / matrix.norm()
    for (a, b, c) in [
      (8.09337, -23.6204, 17.4462), (3.63659, -2.72193, 0.536546), (2.6613, -1.97715, 0.452616),
    ] {
      let gram = try x.matmul(x.transposed)
      let factor = try gram * b + gram.matmul(gram) * c
      x = try x * a + factor.matmul(x)
    }
    return x
  }

  /// Momentum with Nesterov's look ahead, orthogonalized, weights that shrink, and an average over time.
  @Test func stepsAreThoseOfTheDefinition() throws {
    let parameters = try parameters()
    let steps = try gradients(steps: 4, of: parameters)
    let (decay, shrinkage) = (0.5, 0.2)
    for (index, rows) in [(1, 81), (2, 16)] {
      func part(_ vector: Tensor) throws -> Tensor { try parameters.views(of: vector)[index].reshaped([rows, -1]) }
      var value = try part(parameters.values.copy())
      var (mean, sum) = (try value * 0, try value * 0)
      for step in steps {
        let gradient = try part(step) * (30 / step.norm().item())
        mean = try mean * 0.95 + gradient * 0.05
        let direction = try mean * 0.95 + gradient * 0.05
        let longer = Double(value.shape.max()!)
        value = try value * (1 - rate * shrinkage) - orthogonalized(direction) * (rate * 0.2 * longer.squareRoot())
        sum = try sum * decay + value * (1 - decay)
      }
      let fresh = try self.parameters()
      let average = try WeightAverage(fresh, decay: decay)
      try run(fresh, .muon, steps, clip: 30, weightDecay: shrinkage, average: average)
      func elements(_ vector: Tensor) throws -> [Double] {
        try fresh.views(of: vector)[index].reshaped([-1]).elements()
      }
      expectClose(try elements(fresh.values), try value.reshaped([-1]).elements(), within: 1e-10, "values")
      expectClose(try elements(average.sum), try sum.reshaped([-1]).elements(), within: 1e-10, "average")
    }
  }

  @Test func whatIsNoLargeMatrixIsLeftToAdam() throws {
    let (own, adam) = (try parameters(), try parameters())
    let steps = try gradients(steps: 3, of: own)
    for (parameters, kind) in [(own, TrainingConfiguration.OptimizerKind.muon), (adam, .adam)] {
      try run(parameters, kind, steps, clip: 1, weightDecay: 0.1)
    }
    let pairs = zip(try own.views(of: own.values), try adam.views(of: adam.values))
    let equal = try pairs.map { try $0.elements() as [Double] == $1.elements() }
    #expect(equal == [true, false, false, true, true])
  }

  /// Directions of which the gradient has little are learned as fast as all others.
  @Test func stepsAreNearlyOrthogonal() throws {
    let parameters = try ParameterVector([Parameter("a", Tensor.zeros([64, 32], .float64), isLinearMap: true)])
    // Singular values from 1 down to a thirtieth.
    let generator = try Generator(seed: 5)
    let scales = try Tensor((0..<32).map { pow(30, -Double($0) / 31) })
    let left = try Tensor.normal([64, 64], .float64, using: generator).qr().q
    let right = try Tensor.normal([32, 32], .float64, using: generator).qr().q
    let gradient = try (left.narrowed(1, 0..<32) * scales).matmul(right)
    try run(parameters, .muon, [gradient.reshaped([-1])])
    let moved = try parameters.parameters[0].value / -(rate * 0.2 * 8)
    let found = try left.narrowed(1, 0..<32).transposed.matmul(moved).matmul(right.transposed)
    let diagonal: [Double] = try (0..<32).map { try found.narrowed(0, $0..<$0 + 1).narrowed(1, $0..<$0 + 1).item() }
    for value in diagonal { #expect((0.7...1.3).contains(value)) }
    #expect(try (found.squared().sum().item() - diagonal.reduce(0) { $0 + $1 * $1 }).magnitude < 1e-9)
  }

  /// Each matrix is one thread's.
  @Test func threadsDoNotChangeTheResult() throws {
    let before = Runtime.threadCount
    defer { try? Runtime.setThreadCount(before) }
    let results: [[Float]] = try [1, 2, 3].map { threads in
      try Runtime.setThreadCount(threads)
      let parameters = try parameters(.float32)
      try run(parameters, .muon, gradients(steps: 3, of: parameters))
      return try parameters.values.elements()
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func noGradientIsNoStep() throws {
    let parameters = try parameters()
    let start: [Double] = try parameters.values.elements()
    try run(parameters, .muon, [parameters.values * 0])
    #expect(try parameters.values.elements() == start)
  }

  @Test(arguments: [Double.nan, .infinity]) func aGradientThatIsNotFiniteChangesNothing(value: Double) throws {
    let parameters = try parameters()
    let start: [Double] = try parameters.values.elements()
    try run(parameters, .muon, [parameters.values * 0 + value])
    #expect(try parameters.values.elements() == start)
  }
}

import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct ElementwiseTests {
  private let values = [-3.5, -1, -0.25, 0, 0.25, 1, 2.75]

  private func expectEach(
    _ name: String, _ result: Tensor, _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    expectClose(try result.elements(), expected, within: 1e-14, name, sourceLocation: sourceLocation)
  }

  @Test func oneOperand() throws {
    let x = try Tensor(values)
    let positive = try x.magnitude() + 0.5
    try expectEach("exponential", x.exponential(), values.map { exp($0) })
    try expectEach("logarithm", positive.logarithm(), values.map { log(abs($0) + 0.5) })
    try expectEach("magnitude", x.magnitude(), values.map { abs($0) })
    try expectEach("squareRoot", positive.squareRoot(), values.map { (abs($0) + 0.5).squareRoot() })
    try expectEach("sigmoid", x.sigmoid(), values.map { 1 / (1 + exp(-$0)) })
    try expectEach("logSigmoid", x.logSigmoid(), values.map { -log1p(exp(-$0)) })
    try expectEach("relu", x.relu(), values.map { max($0, 0) })
    try expectEach("floor", x.floor(), values.map { $0.rounded(.down) })
    try expectEach("sign", x.sign(), values.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
    try expectEach("squared", x.squared(), values.map { $0 * $0 })
    try expectEach("tanh", x.tanh(), values.map { tanh($0) })
    try expectEach("-", -x, values.map { -$0 })
    try expectEach("clamped", x.clamped(-1, 0.5), values.map { min(max($0, -1), 0.5) })
    try expectEach("x", x, values)
    let odd = try Tensor([1, Double.infinity, -Double.infinity, Double.nan])
    #expect(try odd.isFinite().elements(Bool.self) == [true, false, false, false])
    #expect(try Tensor([-1000.0]).logSigmoid().item() == -1000)
  }

  @Test func twoOperands() throws {
    let other = values.reversed().map { $0 + 0.1 }
    let (x, y) = (try Tensor(values), try Tensor(other))
    func each(_ operation: (Double, Double) -> Double) -> [Double] { zip(values, other).map(operation) }
    try expectEach("+", x + y, each(+))
    try expectEach("-", x - y, each(-))
    try expectEach("*", x * y, each(*))
    try expectEach("/", x / y, each(/))
    try expectEach("maximum", x.maximum(y), each(max))
    let ends = try Tensor([-3.5, 0, 0, 0, 0, 0, 2.75])
    #expect(try x.equals(ends).elements(Bool.self) == [true, false, false, true, false, false, true])
    try expectEach("reluBackward", y.reluBackward(output: x.relu()), each { $0 > 0 ? $1 : 0 })
  }

  @Test func numbers() throws {
    let x = try Tensor(values)
    try expectEach("x + 2", x + 2, values.map { $0 + 2 })
    try expectEach("2 + x", 2 + x, values.map { 2 + $0 })
    try expectEach("x - 2", x - 2, values.map { $0 - 2 })
    try expectEach("2 - x", 2 - x, values.map { 2 - $0 })
    try expectEach("x * 3", x * 3, values.map { $0 * 3 })
    try expectEach("3 * x", 3 * x, values.map { $0 * 3 })
    try expectEach("x / 4", x / 4, values.map { $0 / 4 })
    try expectEach("3 / x", 3 / (x + 0.1), values.map { 3 / ($0 + 0.1) })
    #expect(try (Tensor.ones([1]) * 2).dtype == .float32)
    #expect(try (Tensor([3]) / 2).item() == 1.5)
  }

  @Test func broadcasting() throws {
    let column = try Tensor([1.0, 2], shape: [2, 1])
    let row = try Tensor([10.0, 20, 30])
    #expect(try (column + row).shape == [2, 3])
    #expect(try (column + row).elements() == [11.0, 21, 31, 12, 22, 32])
    #expect(try (row / column).elements() == [10.0, 20, 30, 5, 10, 15])
    #expect(try (Tensor.full(2, [], .float64) * row).elements() == [20.0, 40, 60])
    #expect(try column.maximum(Tensor([1.5], shape: [1, 1])).elements() == [1.5, 2])
  }

  @Test func inPlace() throws {
    func after(_ change: (Tensor) throws -> Void) throws -> [Double] {
      let x = try Tensor([-1.0, 2, 3])
      try change(x)
      return try x.elements()
    }
    let y = try Tensor([4.0, 5, 6])
    #expect(try after { try $0.zeroInPlace() } == [0, 0, 0])
    #expect(try after { try $0.reluInPlace() } == [0, 2, 3])
    #expect(try after { try $0.assign(y) } == [4, 5, 6])
    #expect(try after { try $0.assign(Tensor([Float(7)])) } == [7, 7, 7])
    #expect(try after { try $0.addInPlace(y) } == [3, 7, 9])
    #expect(try after { try $0.addInPlace(y, scale: -2) } == [-9, -8, -9])
    #expect(try after { try $0.multiplyInPlace(y) } == [-4, 10, 18])
    #expect(try after { try $0.multiplyInPlace(0.5) } == [-0.5, 1, 1.5])
    #expect(try after { try $0.lerpInPlace(y, weight: 0.25) } == [0.25, 2.75, 3.75])
    let (tens, places) = (try Tensor([10.0, 20, 30, 40]), try Tensor([2, 0, 2, 1]))
    #expect(try after { try $0.addInPlace(tens, at: places, alongDimension: 0) } == [19, 42, 43])
  }
}

@Suite(.serialized) struct ReductionTests {
  private let x = [3.0, -1, 4, 1, -5, 9]

  @Test func overAll() throws {
    let tensor = try Tensor(x, shape: [2, 3])
    #expect(try tensor.sum().shape == [])
    #expect(try tensor.sum().item() == 11)
    expectClose([try tensor.mean().item()], [11.0 / 6], within: 1e-15, "mean")
    let variance = x.map { ($0 - 11.0 / 6) * ($0 - 11.0 / 6) }.reduce(0, +) / 6
    expectClose([try tensor.variance().item()], [variance], within: 1e-15, "variance")
    #expect(try tensor.minimum().item() == -5)
    #expect(try tensor.maximum().item() == 9)
  }

  @Test func overSome() throws {
    let tensor = try Tensor(x, shape: [2, 3])
    #expect(try tensor.sum([0]).elements() == [4.0, -6, 13])
    #expect(try tensor.sum([1], keepingDimensions: true).shape == [2, 1])
    #expect(try tensor.sum([-1]).elements() == [6.0, 5])
    #expect(try tensor.sum([0, 1]).item() == 11)
    #expect(try tensor.mean([0]).elements() == [2.0, -3, 6.5])
    #expect(try tensor.variance([0]).elements() == [1.0, 4, 6.25])
    #expect(try tensor.minimum([1]).elements() == [-1.0, -5])
    #expect(try tensor.maximum([0]).elements() == [3.0, -1, 9])
    #expect(try tensor.argmax(1).elements(Int.self) == [2, 2])
    #expect(try tensor.argmax(0).elements(Int.self) == [0, 0, 1])
  }

  @Test func logarithms() throws {
    let tensor = try Tensor(x, shape: [2, 3])
    let sums = [x.prefix(3), x.suffix(3)].map { log($0.map { exp($0) }.reduce(0, +)) }
    expectClose(try tensor.logSumExp(1).elements(), sums, within: 1e-15, "logSumExp")
    let softmax = x.indices.map { x[$0] - sums[$0 / 3] }
    expectClose(try tensor.logSoftmax(1).elements(), softmax, within: 1e-15, "logSoftmax")
    #expect(try Tensor([1000.0, 1000]).logSumExp(0).item() == 1000 + log(2))
  }
}

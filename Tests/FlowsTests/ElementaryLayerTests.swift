import Flows
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct ActNormTests {
  @Test(arguments: [1.0, 3.0]) func battery(factor: Double) throws {
    try checkBijection("ActNorm", image: [5, 7, 3]) {
      try ActNorm("norm", channels: 3, logScaleFactor: factor, like: $0)
    }
    try checkBijection("ActNorm of a pixel", image: [1, 1, 1]) {
      try ActNorm("norm", channels: 1, logScaleFactor: factor, like: $0)
    }
  }

  @Test(arguments: [1.0, 3.0]) func initializationNormalizes(factor: Double) throws {
    let norm = try ActNorm("norm", channels: 3, logScaleFactor: factor, like: TensorOptions(.float64))
    let x = try randomTensor([4, 5, 7, 3], seed: 1) * Tensor([0.1, 2.0, 30.0]) + Tensor([5.0, -3.0, 0.0])
    let y = try norm.initialize(from: x)
    try expectClose(y.mean([0, 1, 2]), .zeros([3], .float64), within: 1e-9, "mean")
    try expectClose(y.variance([0, 1, 2]), .ones([3], .float64), within: 1e-4, "variance")
    try expectEqual(y, norm.forward(x, keep: false).y, "the output")
    try expectClose(norm.inverse(y), x, within: 1e-12, "the inverse")
  }

  @Test(arguments: [DType.float32, .float64]) func constantChannelStaysFinite(dtype: DType) throws {
    let norm = try ActNorm("norm", channels: 2, like: TensorOptions(dtype))
    let varied = try randomTensor([2, 3, 3, 1], seed: 1, dtype)
    let x = try Tensor.concatenating([varied, .full(0.3, varied.shape, dtype)], alongDimension: 3)
    let y = try norm.initialize(from: x)
    #expect(try y.isFinite().elements(Bool.self).allSatisfy { $0 })
    #expect(try norm.logScale.value.isFinite().elements(Bool.self).allSatisfy { $0 })
    try expectClose(norm.inverse(y), x, within: 1e-6, "the inverse")
  }
}

@Suite(.serialized) struct ChannelPermutationTests {
  @Test func battery() throws {
    try checkBijection("reverse", image: [5, 7, 3]) { _ in try ChannelPermutation.reverse("p", channels: 3) }
    try checkBijection("shuffle", image: [3, 2, 8]) { _ in
      try ChannelPermutation.shuffle("p", channels: 8, using: Generator(seed: 5))
    }
  }

  @Test func order() throws {
    let x = try Tensor([10.0, 20, 30], shape: [1, 1, 1, 3])
    let layer = try ChannelPermutation("p", order: [2, 0, 1])
    #expect(try layer.forward(x, keep: false).y.elements() == [30.0, 10, 20])
    #expect(try ChannelPermutation.reverse("p", channels: 3).forward(x, keep: false).y.elements() == [30.0, 20, 10])
    #expect(layer.buffers.map(\.name) == ["p.order"])
  }
}

@Suite(.serialized) struct SqueezeTests {
  @Test(arguments: [[4, 6, 3], [2, 2, 1], [8, 2, 2]]) func battery(image: [Int]) throws {
    try checkBijection("Squeeze", image: image) { _ in Squeeze() }
  }

  @Test func layout() throws {
    let x = try Tensor.range(2 * 4 * 6 * 3, .float64).reshaped([2, 4, 6, 3])
    let y = try Squeeze().forward(x, keep: false).y
    #expect(y.shape == [2, 2, 3, 12])
    let (from, to) = (try x.elements(Double.self), try y.elements(Double.self))
    for n in 0..<2 {
      for (row, column) in (0..<4).flatMap({ row in (0..<6).map { (row, $0) } }) {
        for c in 0..<3 {
          let target = 4 * c + 2 * (row % 2) + column % 2
          let pixel = (n * 2 + row / 2) * 3 + column / 2
          #expect(to[pixel * 12 + target] == from[((n * 4 + row) * 6 + column) * 3 + c])
        }
      }
    }
  }
}

@Suite(.serialized) struct InvertibleConv1x1Tests {
  @Test(arguments: [false, true]) func battery(factored: Bool) throws {
    for channels in [1, 3, 8] {
      try checkBijection("InvertibleConv1x1 of \(channels)", image: [3, 5, channels]) {
        try InvertibleConv1x1("w", channels: channels, factored: factored, like: $0, using: Generator(seed: 3))
      }
    }
  }

  @Test(arguments: [false, true]) func startsAsARotation(factored: Bool) throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let layer = try InvertibleConv1x1(
        "w", channels: 6, factored: factored, like: TensorOptions(.float64), using: Generator(seed: seed))
      let w = try layer.matrix()
      try expectClose(w.matmul(w.transposed), .identity(6, .float64), within: 1e-12, "W Wᵀ")
      #expect(abs(try layer.conditionNumber() - 1) < 1e-12)
      let x = try randomTensor([2, 3, 3, 6], seed: 1)
      try expectClose(layer.forward(x, keep: false).logDet, .zeros([2], .float64), within: 1e-12, "log-determinant")
    }
  }

  @Test func factoredAndPlainStartAlike() throws {
    let (plain, factored) = try (
      InvertibleConv1x1("w", channels: 5, factored: false, like: TensorOptions(.float64), using: Generator(seed: 9)),
      InvertibleConv1x1("w", channels: 5, factored: true, like: TensorOptions(.float64), using: Generator(seed: 9))
    )
    try expectClose(factored.matrix(), plain.matrix(), within: 1e-13, "W")
  }

  /// `W = P L (U + diag(sign * exp(logDiagonal)))` from the stored parts, `P` moving row i to row `permutation[i]`.
  @Test func factors() throws {
    let layer = try InvertibleConv1x1(
      "w", channels: 4, factored: true, like: TensorOptions(.float64), using: Generator(seed: 2))
    try randomize(layer.parameters)
    let parts = Dictionary(
      uniqueKeysWithValues: try layer.parameters.map { ($0.name, try $0.value.elements(Double.self)) })
    let order = try layer.buffers[0].value.elements(Int.self)
    let sign = try layer.buffers[1].value.elements(Double.self)
    var w = [Double](repeating: 0, count: 16)
    for row in 0..<4 {
      for column in 0..<4 {
        w[order[row] * 4 + column] = (0..<4).map { inner in
          let lower = inner < row ? parts["w.lower"]![row * 4 + inner] : inner == row ? 1 : 0
          let upper =
            inner < column
            ? parts["w.upper"]![inner * 4 + column]
            : inner == column ? sign[inner] * exp(parts["w.logDiagonal"]![inner]) : 0
          return lower * upper
        }.reduce(0, +)
      }
    }
    try expectClose(layer.matrix(), Tensor(w, shape: [4, 4]), within: 1e-13, "W")
  }

  @Test func conditionNumber() throws {
    let layer = try InvertibleConv1x1(
      "w", channels: 3, factored: false, like: TensorOptions(.float64), using: Generator(seed: 2))
    let stretched = try Tensor([8.0, 1, 0.5]).diagonal().matmul(layer.matrix())
    try layer.parameters[0].value.assign(stretched)
    #expect(abs(try layer.conditionNumber() - 16) < 1e-9)
  }
}

import TestSupport
import Testing
import Torch

/// `[N, H, W, C]` images of several awkward sizes.
private let imageShapes = [
  [1, 1, 1, 1], [2, 1, 5, 3], [3, 4, 1, 2], [2, 5, 7, 3], [1, 9, 2, 8], [5, 40, 32, 6], [1, 2, 2, 1],
]

@Suite(.serialized) struct ConvolutionTests {
  /// By the definition: sums over a zero-padded neighborhood.
  @Test func definition() throws {
    let (input, weight, bias) = try (
      randomTensor([2, 3, 5, 4], seed: 1), randomTensor([2, 3, 3, 3], seed: 2), randomTensor([2], seed: 3)
    )
    let (x, w, b) = try (input.elements(Double.self), weight.elements(Double.self), bias.elements(Double.self))
    var expected: [Double] = []
    for (n, o) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      for (row, column) in (0..<5).flatMap({ row in (0..<4).map { (row, $0) } }) {
        var sum = b[o]
        for (c, tap) in (0..<3).flatMap({ c in (0..<9).map { (c, $0) } }) {
          let (y, z) = (row + tap / 3 - 1, column + tap % 3 - 1)
          guard (0..<5).contains(y), (0..<4).contains(z) else { continue }
          sum += x[((n * 3 + c) * 5 + y) * 4 + z] * w[(o * 3 + c) * 9 + tap]
        }
        expected.append(sum)
      }
    }
    let found = try input.conv2d(weight, bias: bias, padding: 1)
    #expect(found.shape == [2, 2, 5, 4])
    expectClose(try found.elements(), expected, within: 1e-14, "conv2d")
    #expect(try input.conv2d(weight, padding: 0).shape == [2, 2, 3, 2])
  }

  @Test(arguments: [0, 1]) func backwardEqualsAutograd(padding: Int) throws {
    let (input, weight, bias) = try (
      randomTensor([2, 3, 5, 4], seed: 1), randomTensor([2, 3, 3, 3], seed: 2), randomTensor([2], seed: 3)
    )
    let gradient = try randomTensor([2, 2, 3 + 2 * padding, 2 + 2 * padding], seed: 4)
    let found = try gradient.conv2dBackward(input: input, weight: weight, padding: padding)
    let leaves = try [input, weight, bias].map { try $0.requiringGradient() }
    let output = try withGradients { try leaves[0].conv2d(leaves[1], bias: leaves[2], padding: padding) }
    let expected = try gradients(of: [output], with: [gradient], withRespectTo: leaves)
    for (name, pair) in zip(["input", "weight", "bias"], zip([found.input, found.weight, found.bias], expected)) {
      try expectClose(pair.0, pair.1!, within: 1e-13, name)
    }
  }
}

@Suite(.serialized) struct PatchesTests {
  /// Row (n, y, x), column (dy, dx, c), one number after another.
  private func patches(_ image: Tensor, edgeChannel: Bool) throws -> [Double] {
    let (shape, values) = (image.shape, try image.elements(Double.self))
    var rows: [Double] = []
    for n in 0..<shape[0] {
      for (row, column) in (0..<shape[1]).flatMap({ row in (0..<shape[2]).map { (row, $0) } }) {
        for tap in 0..<9 {
          let (y, x) = (row + tap / 3 - 1, column + tap % 3 - 1)
          let inside = (0..<shape[1]).contains(y) && (0..<shape[2]).contains(x)
          let start = ((n * shape[1] + y) * shape[2] + x) * shape[3]
          rows += inside ? Array(values[start..<start + shape[3]]) : [Double](repeating: 0, count: shape[3])
          if edgeChannel { rows.append(inside ? 0 : 1) }
        }
      }
    }
    return rows
  }

  @Test(arguments: imageShapes, [false, true]) func layout(shape: [Int], edgeChannel: Bool) throws {
    for dtype in [DType.float32, .float64] {
      let image = try randomTensor(shape, seed: 1, dtype)
      let found = try image.patches3x3(edgeChannel: edgeChannel)
      let columns = 9 * (shape[3] + (edgeChannel ? 1 : 0))
      #expect(found.shape == [shape[0] * shape[1] * shape[2], columns] && found.dtype == dtype)
      #expect(try found.elements() == patches(image, edgeChannel: edgeChannel))
      let traced = try withGradients { try image.requiringGradient().patches3x3(edgeChannel: edgeChannel) }
      try expectEqual(traced.detached(), found, "what autograd traces")
    }
  }

  /// <P x, y> == <x, Pᵀ y>, with the edge channel's part, which does not depend on x, taken away.
  @Test(arguments: imageShapes, [false, true]) func adjoint(shape: [Int], edgeChannel: Bool) throws {
    let x = try randomTensor(shape, seed: 1)
    let constant = try Tensor.zeros(shape, .float64).patches3x3(edgeChannel: edgeChannel)
    let linear = try x.patches3x3(edgeChannel: edgeChannel) - constant
    let y = try randomTensor(linear.shape, seed: 2)
    let back = try y.patches3x3Adjoint(shape: shape, edgeChannel: edgeChannel)
    #expect(back.shape == shape)
    expectClose([try (x * back).sum().item()], [try (linear * y).sum().item()], within: 1e-12, "inner products")

    let traced = try withGradients {
      try y.requiringGradient().patches3x3Adjoint(shape: shape, edgeChannel: edgeChannel)
    }
    try expectClose(traced.detached(), back, within: 1e-14, "what autograd traces")
    let single = try y.converted(to: .float32).patches3x3Adjoint(shape: shape, edgeChannel: edgeChannel)
    try expectClose(single, back.converted(to: .float32), within: 1e-5, "float32")
  }

  /// The gradient of either is the other.
  @Test(arguments: [false, true]) func gradientsThroughAutograd(edgeChannel: Bool) throws {
    let x = try randomTensor([2, 5, 7, 3], seed: 1).requiringGradient()
    let rows = try withGradients { try x.patches3x3(edgeChannel: edgeChannel) }
    let y = try randomTensor(rows.shape, seed: 2)
    let gradX = try gradients(of: [rows], with: [y], withRespectTo: [x])[0]!
    try expectClose(
      gradX, y.patches3x3Adjoint(shape: x.shape, edgeChannel: edgeChannel), within: 1e-14, "patches")

    let leaf = try y.requiringGradient()
    let image = try withGradients { try leaf.patches3x3Adjoint(shape: x.shape, edgeChannel: edgeChannel) }
    let cotangent = try randomTensor(x.shape, seed: 3)
    let gradY = try gradients(of: [image], with: [cotangent], withRespectTo: [leaf])[0]!
    let constant = try Tensor.zeros(x.shape, .float64).patches3x3(edgeChannel: edgeChannel)
    try expectClose(
      gradY, cotangent.patches3x3(edgeChannel: edgeChannel) - constant, within: 1e-14, "adjoint")
  }

  /// Images that are not laid out row after row, or only in part of a wider row.
  @Test func views() throws {
    let wide = try randomTensor([2, 5, 4, 6], seed: 1)
    let views: [(String, Tensor)] = [
      ("half of the channels", try wide.narrowed(3, 3..<6)), ("one channel", try wide.narrowed(3, 2..<3)),
      ("some columns", try wide.narrowed(2, 1..<3)), ("some rows", try wide.narrowed(1, 1..<3)),
      ("one column", try wide.narrowed(2, 1..<2)), ("turned", try wide.permuted([0, 2, 1, 3])),
      ("channels first", try wide.permuted([0, 3, 1, 2])), ("batch last", try wide.permuted([1, 2, 3, 0])),
      ("a row turned into a column", try randomTensor([2, 1, 5, 3], seed: 2).permuted([0, 2, 1, 3])),
      ("a turned pixel", try randomTensor([1, 1, 5, 3], seed: 3).permuted([2, 1, 0, 3])),
      ("expanded", try wide.narrowed(0, 0..<1).expanded(to: [3, 5, 4, 6])),
    ]
    for (name, view) in views {
      try expectEqual(view.patches3x3(edgeChannel: true), view.copy().patches3x3(edgeChannel: true), name)
    }
    let rows = try randomTensor([20, 36], seed: 3).transposed.contiguous().transposed
    try expectEqual(
      rows.patches3x3Adjoint(shape: [1, 5, 4, 4]), rows.copy().patches3x3Adjoint(shape: [1, 5, 4, 4]), "turned rows")
  }
}

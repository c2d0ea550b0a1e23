import Foundation
import Torch

/// ActNorm and 1x1 convolution as one affine map per pixel, `y = A x + c` with `A = W diag(s)` and `c = A b`. The small
/// matrices are in float64.
protocol AffineMix {
  func forward(_ x: Tensor) throws -> Forward
  func inverse(_ y: Tensor) throws -> Tensor
  /// Adds to the parameters' gradients; returns the gradient with respect to `x`.
  func backward(x: Tensor, gradY: Tensor, gradLogDet: Tensor) throws -> Tensor
}

/// With libtorch's operations, on any device and under autograd.
struct DeviceAffineMix: AffineMix {
  private let actnorm: ActNorm
  private let convolution: InvertibleConv1x1
  private let weight: Tensor
  private let scale: Tensor
  private let bias: Tensor
  /// `A`, `[channel, channel]`.
  private let matrix: Tensor

  init(_ actnorm: ActNorm, _ convolution: InvertibleConv1x1) throws {
    self.actnorm = actnorm
    self.convolution = convolution
    weight = try convolution.matrix()
    scale = try (actnorm.logScale.value.converted(to: .float64) * actnorm.logScaleFactor).exponential()
    bias = try actnorm.bias.value.converted(to: .float64)
    matrix = try weight * scale
  }

  private func offset() throws -> Tensor { try matrix.matmul(bias) }

  func forward(_ x: Tensor) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let y = try x.pixelRows().affineRows(
      matrix.transposed.converted(to: x.dtype), offset: offset().converted(to: x.dtype)
    ).reshaped(x.shape)
    let perPixel = try actnorm.logScale.value.converted(to: .float64).sum() * actnorm.logScaleFactor
    let logDet = try (perPixel + convolution.logDeterminant()) * Double(height * width)
    return Forward(y, logDet: try logDet.converted(to: x.dtype).expanded(to: [batch]))
  }

  /// `x = A⁻¹ y - b`
  func inverse(_ y: Tensor) throws -> Tensor {
    let inverse = try matrix.inverse().transposed.converted(to: y.dtype)
    return try y.pixelRows().affineRows(inverse, offset: (-bias).converted(to: y.dtype)).reshaped(y.shape)
  }

  func backward(x: Tensor, gradY: Tensor, gradLogDet: Tensor) throws -> Tensor {
    let (_, height, width, _) = x.imageSizes
    let rows = try x.pixelRows().affineRowsBackward(
      matrix.transposed.converted(to: x.dtype), gradient: gradY.pixelRows())
    let gradMatrix = try rows.matrix.transposed.converted(to: .float64)
    let gradOffset = try rows.offset.converted(to: .float64)
    let logDetGradient = try gradLogDet.sum().converted(to: .float64) * Double(height * width)

    // c = W (s * b), so W gets gradOffset ⊗ (s * b), and s and b get what comes back through W.
    let through = try weight.transposed.matmul(gradOffset)
    let outer = try gradOffset.reshaped([-1, 1]) * (scale * bias)
    try convolution.accumulate(gradMatrix * scale + outer, logDetGradient: logDetGradient)
    let gradScale = try (gradMatrix * weight).sum([0]) + through * bias
    let gradLogScale = try (gradScale * scale + logDetGradient) * actnorm.logScaleFactor
    try actnorm.logScale.gradient.addInPlace(gradLogScale.converted(to: x.dtype))
    try actnorm.bias.gradient.addInPlace((through * scale).converted(to: x.dtype))
    return try rows.rows.reshaped(x.shape)
  }
}

/// With Swift's own arithmetic, for tensors on the CPU: on matrices this small libtorch spends its time on the calls. What each way
/// multiplies by is worked out once, for as long as the parameters stay as they are.
final class HostAffineMix: AffineMix {
  private let actnorm: ActNorm
  private let convolution: InvertibleConv1x1
  /// Of the images.
  let dtype: DType
  private let weight: SmallMatrix
  private let scale: [Double]
  private let bias: [Double]
  private let matrix: SmallMatrix
  private var forwardRows: Rows?
  private var inverseRows: Rows?
  private var forwardLogDet: Double?

  /// `y = x * matrix + offset`, for pixels as rows.
  private struct Rows {
    let matrix: Tensor
    let offset: Tensor

    func apply(_ x: Tensor) throws -> Tensor {
      try x.pixelRows().affineRows(matrix, offset: offset).reshaped(x.shape)
    }
  }

  init(_ actnorm: ActNorm, _ convolution: InvertibleConv1x1, _ dtype: DType) throws {
    self.actnorm = actnorm
    self.convolution = convolution
    self.dtype = dtype
    weight = try convolution.hostMatrix()
    scale = try actnorm.logScale.value.elements(Double.self).map { exp($0 * actnorm.logScaleFactor) }
    bias = try actnorm.bias.value.elements()
    matrix = weight.scalingColumns(scale)
  }

  func forward(_ x: Tensor) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let rows = try forwardRows ?? Rows(matrix: matrix.transposed.tensor(dtype), offset: vector(matrix * bias))
    forwardRows = rows
    let logDet = try forwardLogDet ?? logDeterminant()
    forwardLogDet = logDet
    return Forward(try rows.apply(x), logDet: try .full(logDet * Double(height * width), [batch], dtype))
  }

  /// Of a pixel.
  private func logDeterminant() throws -> Double {
    let logScales = try actnorm.logScale.value.elements(Double.self).reduce(0, +) * actnorm.logScaleFactor
    return try logScales + convolution.hostLogDeterminant(of: weight)
  }

  /// `x = A⁻¹ y - b`
  func inverse(_ y: Tensor) throws -> Tensor {
    let rows =
      try inverseRows ?? Rows(matrix: matrix.inverted().inverse.transposed.tensor(dtype), offset: vector(bias.map(-)))
    inverseRows = rows
    return try rows.apply(y)
  }

  func backward(x: Tensor, gradY: Tensor, gradLogDet: Tensor) throws -> Tensor {
    let (_, height, width, _) = x.imageSizes
    let rows = try x.pixelRows().affineRowsBackward(
      forwardRows?.matrix ?? matrix.transposed.tensor(dtype), gradient: gradY.pixelRows())
    let gradMatrix = try SmallMatrix(rows.matrix).transposed
    let gradOffset: [Double] = try rows.offset.elements()
    let logDetGradient = try gradLogDet.elements(Double.self).reduce(0, +) * Double(height * width)

    // c = W (s * b), so W gets gradOffset ⊗ (s * b), and s and b get what comes back through W.
    let through = weight.transposed * gradOffset
    let gradWeight = SmallMatrix(size: weight.size) { row, column in
      gradMatrix[row, column] * scale[column] + gradOffset[row] * scale[column] * bias[column]
    }
    try convolution.accumulate(gradWeight, logDetGradient: logDetGradient)
    let gradLogScale = scale.indices.map { column in
      let direct = scale.indices.reduce(0) { $0 + gradMatrix[$1, column] * weight[$1, column] }
      return ((direct + through[column] * bias[column]) * scale[column] + logDetGradient) * actnorm.logScaleFactor
    }
    try actnorm.logScale.gradient.addInPlace(vector(gradLogScale))
    try actnorm.bias.gradient.addInPlace(vector(zip(through, scale).map { $0 * $1 }))
    return try rows.rows.reshaped(x.shape)
  }

  private func vector(_ elements: [Double]) throws -> Tensor {
    try Tensor(elements).converted(to: dtype)
  }
}

import Torch

/// Rows to which squared Euclidean distances are taken, by a matrix product: |a - b|² = |a|² + |b|² - 2 a·b in float64. For
/// whole numbers such as pixels that is exact.
struct SquaredDistances {
  private let rows: Tensor
  /// `[count, 1]`
  private let squares: Tensor

  /// - Parameter rows: `[count, dimensions]`.
  init(to rows: Tensor) throws {
    self.rows = try rows.converted(to: .float64)
    squares = try self.rows.squared().sum([1], keepingDimensions: true)
  }

  var count: Int { rows.shape[0] }

  /// Row-major `[count, others]`, none below 0.
  /// - Parameter others: `[others, dimensions]`.
  func distances(to others: Tensor) throws -> [Double] {
    let others = try others.converted(to: .float64)
    let result = try squares - rows.matmul(others.transposed) * 2 + others.squared().sum([1])
    return try result.clamped(0, .infinity).elements(Double.self)
  }

  /// The distances of some of the rows, `[range, others]`.
  func distances(of range: Range<Int>, to other: SquaredDistances) throws -> [Double] {
    let part = try rows.narrowed(0, range)
    let result =
      try squares.narrowed(0, range) - part.matmul(other.rows.transposed) * 2 + other.squares.reshaped([1, -1])
    return try result.clamped(0, .infinity).elements(Double.self)
  }
}

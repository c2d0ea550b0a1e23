import Torch

/// Sums over latents, batch after batch in float64, from which their covariance follows.
struct LatentMoments {
  /// Up to this many dimensions the covariance is a full matrix; above, where that would take over 75 MB and most of the
  /// time, its diagonal alone.
  static let fullLimit = 3072

  let dimensions: Int
  private(set) var count = 0
  private let sum: Tensor
  /// The sum of z zᵀ, `[dimensions, dimensions]`, or of z², `[dimensions]`.
  private let second: Tensor
  /// The sums of |z|², |z|⁴ and |z|² z, which the shrinkage needs.
  private var squares = 0.0
  private var fourthPowers = 0.0
  private let weighted: Tensor

  var isFull: Bool { dimensions <= Self.fullLimit }

  init(dimensions: Int) throws {
    self.dimensions = dimensions
    sum = try .zeros([dimensions], .float64)
    weighted = try .zeros([dimensions], .float64)
    second = try .zeros(dimensions <= Self.fullLimit ? [dimensions, dimensions] : [dimensions], .float64)
  }

  /// - Parameter z: `[batch, dimensions]`, float64.
  mutating func add(_ z: Tensor) throws {
    count += z.shape[0]
    try sum.addInPlace(z.sum([0]))
    let squared = try z.squared()
    guard isFull else { return try second.addInPlace(squared.sum([0])) }
    try second.addMatmulInPlace(z.transposed, z)
    let norms = try squared.sum([1])
    squares += try norms.sum().item()
    fourthPowers += try norms.squared().sum().item()
    try weighted.addInPlace((z * norms.reshaped([-1, 1])).sum([0]))
  }

  /// The covariance, shrunk towards a multiple of the identity as Ledoit & Wolf (2004, "A well-conditioned estimator for
  /// large-dimensional covariance matrices", section 3.2) choose, and by how much, 0 to 1. A diagonal is not shrunk.
  func covariance() throws -> (matrix: Tensor, shrinkage: Double) {
    precondition(count > 0, "a covariance needs images")
    let n = Double(count)
    let mean = try sum / n
    guard isFull else { return (try (second / n - mean.squared()).clamped(0, .infinity), 0) }
    let column = try mean.reshaped([-1, 1])
    let matrix = try second / n - column.matmul(column.transposed)
    let average = try matrix.diagonal().sum().item() / Double(dimensions)
    let scaled = try Tensor.identity(dimensions, .float64) * average
    let distance = try (matrix - scaled).squared().sum().item()
    // The mean over images of |(z - m)(z - m)ᵀ - S|² is that of |z - m|⁴, less |S|².
    let meanNorm = try mean.squared().sum().item()
    let quadratic = try column.transposed.matmul(second).matmul(column).item()
    let centered =
      try fourthPowers + 4 * quadratic + n * meanNorm * meanNorm - 4 * (mean * weighted).sum().item() + 2 * meanNorm
      * squares - 4 * meanNorm * (mean * sum).sum().item()
    let noise = try (centered / n - matrix.squared().sum().item()) / n
    let shrinkage = distance > 0 ? min(1, max(0, noise / distance)) : 1
    return (try matrix * (1 - shrinkage) + scaled * shrinkage, shrinkage)
  }

  /// Rows times the inverse of ``covariance()``.
  /// - Parameter rows: `[count, dimensions]`.
  func whitened(_ rows: Tensor) throws -> (rows: Tensor, shrinkage: Double) {
    let (matrix, shrinkage) = try covariance()
    // Keeps numbers finite where latents do not vary at all.
    let least = 1e-9
    guard isFull else { return (try rows / (matrix + least), shrinkage) }
    return (
      try rows.matmul((matrix + Tensor.identity(dimensions, .float64) * least).inverse()), shrinkage
    )
  }
}

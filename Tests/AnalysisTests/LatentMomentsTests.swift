import TestSupport
import Testing
import Torch

@testable import Analysis

@Suite struct LatentMomentsTests {
  private func rows(_ count: Int, _ dimensions: Int) throws -> Tensor {
    let mix = try randomTensor([dimensions, dimensions], seed: 2)
    return try randomTensor([count, dimensions], seed: 1).matmul(mix) + randomTensor([dimensions], seed: 3)
  }

  /// The estimator as it is defined, image by image.
  private func defined(_ rows: Tensor) throws -> (matrix: Tensor, shrinkage: Double) {
    let (n, d) = (rows.shape[0], rows.shape[1])
    let centered = try rows - rows.mean([0])
    let sample = try centered.transposed.matmul(centered) / Double(n)
    let average = try sample.diagonal().sum().item() / Double(d)
    let target = try Tensor.identity(d, .float64) * average
    let distance = try (sample - target).squared().sum().item()
    let noise = try (0..<n).reduce(0.0) { sum, i in
      let row = try centered.narrowed(0, i..<i + 1)
      return try sum + (row.transposed.matmul(row) - sample).squared().sum().item()
    }
    let shrinkage = min(noise / Double(n * n), distance) / distance
    return (try sample * (1 - shrinkage) + target * shrinkage, shrinkage)
  }

  @Test(arguments: [5, 12, 200]) func ledoitAndWolf(count: Int) throws {
    let rows = try rows(count, 12)
    let expected = try defined(rows)
    var moments = try LatentMoments(dimensions: 12)
    for start in stride(from: 0, to: count, by: 7) {
      try moments.add(rows.narrowed(0, start..<min(count, start + 7)))
    }
    let found = try moments.covariance()
    #expect(moments.count == count && moments.isFull)
    #expect(abs(found.shrinkage - expected.shrinkage) < 1e-9)
    try expectClose(found.matrix, expected.matrix, within: 1e-9, "covariance")
    let whitened = try moments.whitened(rows.narrowed(0, 0..<2)).rows
    try expectClose(whitened.matmul(found.matrix), rows.narrowed(0, 0..<2), within: 1e-6, "inverse")
  }

  /// Of many dimensions only the variances.
  @Test func aDiagonal() throws {
    let dimensions = LatentMoments.fullLimit + 1
    let rows = try randomTensor([6, dimensions], seed: 4) * 3 + 1
    var moments = try LatentMoments(dimensions: dimensions)
    try moments.add(rows)
    let (variances, shrinkage) = try moments.covariance()
    #expect(shrinkage == 0 && !moments.isFull)
    try expectClose(variances, rows.variance([0]), within: 1e-9, "variances")
    let whitened = try moments.whitened(rows.narrowed(0, 0..<1)).rows
    try expectClose(whitened * (variances + 1e-9), rows.narrowed(0, 0..<1), within: 1e-9, "inverse")
  }

  @Test func latentsThatDoNotVary() throws {
    var moments = try LatentMoments(dimensions: 3)
    try moments.add(.ones([4, 3], .float64))
    let whitened = try moments.whitened(.ones([1, 3], .float64)).rows
    #expect(try whitened.isAllFinite())
  }
}

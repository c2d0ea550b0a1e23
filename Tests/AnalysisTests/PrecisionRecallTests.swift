import Analysis
import FlowModels
import TestSupport
import Testing
import Torch

@Suite struct PrecisionRecallTests {
  /// As the paper writes it, pair by pair.
  private func defined(_ real: [[Double]], _ generated: [[Double]], k: Int) -> (precision: Double, recall: Double) {
    func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    func share(_ points: [[Double]], in set: [[Double]]) -> Double {
      let radii = set.indices.map { i in
        set.indices.filter { $0 != i }.map { distance(set[i], set[$0]) }.sorted()[k - 1]
      }
      let inside = points.count { point in set.indices.contains { distance(point, set[$0]) <= radii[$0] } }
      return Double(inside) / Double(points.count)
    }
    return (share(generated, in: real), share(real, in: generated))
  }

  @Test(arguments: [1, 3, 5]) func pairByPair(k: Int) throws {
    let real = try randomTensor([70, 3], seed: 1)
    let generated = try randomTensor([60, 3], seed: 2, scale: 0.6) + 0.4
    func rows(_ tensor: Tensor) throws -> [[Double]] {
      try (0..<tensor.shape[0]).map { try tensor.narrowed(0, $0..<$0 + 1).elements(Double.self) }
    }
    let expected = defined(try rows(real), try rows(generated), k: k)
    for block in [7, 1000] {
      let found = try PrecisionRecall(real: real, generated: generated, neighbors: k, block: block)
      #expect(abs(found.precision - expected.precision) < 1e-12 && abs(found.recall - expected.recall) < 1e-12)
    }
    #expect(expected.precision > 0.2 && expected.recall < 0.95)
  }

  @Test func extremes() throws {
    let points = try randomTensor([20, 4], seed: 3)
    let same = try PrecisionRecall(real: points, generated: points)
    #expect(same == same && same.precision == 1 && same.recall == 1)
    let far = try PrecisionRecall(real: points, generated: points + 100)
    #expect(far.precision == 0 && far.recall == 0)
    // All samples alike and in the middle of the data: nothing wrong, nothing covered.
    let one = try PrecisionRecall(real: points, generated: Tensor.zeros([20, 4], .float64) + points.mean([0]))
    #expect(one.precision == 1 && one.recall == 0)
  }

  @Test(arguments: PointSpace.allCases) func pointsOfImagesAndSamples(space: PointSpace) throws {
    let glow = try Glow.small(classes: ["a", "b"])
    let dataset = SmallImages(count: 9, classNames: ["a", "b"])
    let (points, labels) = try glow.points(of: dataset, in: space, batchSize: 4)
    #expect(
      try labels?.elements(Int.self) == (0..<9).map { $0 % 2 } && points.shape == [9, 16] && points.dtype == .float32)
    let expected: [[Double]] =
      try space == .pixels
      ? (0..<9).map { dataset.pixels($0).map(Double.init) } : glow.latentRows(of: dataset) { $0 % 2 }
    expectClose(try points.elements(), expected.flatMap { $0 }, within: 1e-6, "images")

    let samples = try glow.points(
      ofSamples: 9, temperatures: [0.7, 0.7], labels: labels, in: space, seed: 3, batchSize: 4)
    #expect(samples.shape == [9, 16])
    if space == .pixels {
      let drawn = try glow.sample(count: 9, temperature: 0.7, labels: labels, seed: 3)
      try expectClose(
        samples, Quantization(bits: 8).quantize(drawn).converted(to: .float32).reshaped([9, 16]), within: 0, "samples")
    }
  }
}

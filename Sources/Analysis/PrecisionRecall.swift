import Foundation
import Torch

/// Improved precision and recall (Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative
/// models", section 2): each set of points stands for the union of the balls around its points that reach to their k-th
/// nearest neighbor in the set. Precision is the share of generated points in the real set's balls, recall the share of
/// real points in the generated set's.
///
/// The paper's points are features of a classification network; what they say depends on the points given. All pairs are
/// compared, in blocks.
///
/// ```swift
/// let test = try DatasetSource(parsing: "fashion-mnist").open(split: .test, seed: 0)
/// let (real, labels) = try glow.points(of: test.evenly(1_000), in: .pixels)
/// let temperatures = [Double](repeating: 0.7, count: glow.configuration.levels)
/// let drawn = try glow.points(ofSamples: 1_000, temperatures: temperatures, labels: labels, in: .pixels)
/// let quality = try PrecisionRecall(real: real, generated: drawn)
/// print(quality.precision, quality.recall)
/// ```
public struct PrecisionRecall: Codable, Sendable, Hashable {
  /// The share of generated points in the real set's balls, 0 to 1.
  public var precision: Double
  /// The share of real points in the generated set's balls, 0 to 1.
  public var recall: Double

  /// - Parameters:
  ///   - real: `[count, dimensions]`.
  ///   - generated: `[count, dimensions]`; as many as `real` for figures that can be compared, since the balls shrink with
  ///     more.
  ///   - neighbors: k, below the number of points of either set; 3 in the paper.
  ///   - progress: called after each block with the share that is done, 0 to 1.
  public init(
    real: Tensor, generated: Tensor, neighbors: Int = 3, block: Int = 256, progress: (Double) throws -> Void = { _ in }
  ) throws {
    precondition(
      neighbors > 0 && neighbors < min(real.shape[0], generated.shape[0]),
      "\(neighbors) neighbors need more points than that in either set")
    let (real, generated) = (try SquaredDistances(to: real), try SquaredDistances(to: generated))
    let total = Double(2 * (real.count + generated.count))
    var done = 0
    func advance(_ count: Int) throws {
      done += count
      try progress(Double(done) / total)
    }
    func radii(_ points: SquaredDistances) throws -> [Double] {
      try blocks(points.count, block).flatMap { range in
        let rows = try points.distances(of: range, to: points)
        try advance(range.count)
        return range.map { point in
          var nearest = NearestList(capacity: neighbors)
          let start = (point - range.lowerBound) * points.count
          for other in 0..<points.count where other != point { nearest.insert(other, at: rows[start + other]) }
          return nearest.entries[neighbors - 1].distance
        }
      }
    }
    func share(of points: SquaredDistances, within balls: SquaredDistances, _ radii: [Double]) throws -> Double {
      let inside = try blocks(points.count, block).map { range in
        let rows = try points.distances(of: range, to: balls)
        try advance(range.count)
        return range.count { point in
          let start = (point - range.lowerBound) * balls.count
          return radii.indices.contains { rows[start + $0] <= radii[$0] }
        }
      }
      return Double(inside.reduce(0, +)) / Double(points.count)
    }
    precision = try share(of: generated, within: real, radii(real))
    recall = try share(of: real, within: generated, radii(generated))
  }
}

private func blocks(_ count: Int, _ size: Int) -> [Range<Int>] {
  stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
}

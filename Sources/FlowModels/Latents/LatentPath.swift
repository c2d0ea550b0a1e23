import Foundation
import Torch

/// A path through the latents of images, the keys, at the positions 0, 1, 2, ...
///
/// Between two keys a and b, at t of the way, each level is on its own. Straight: `(1 - t) a + t b` (Kingma & Dhariwal
/// 2018, section 6). Spherical: with the norms |a| and |b| and the angle w between them,
/// `((1 - t) |a| + t |b|) (sin((1 - t) w) a/|a| + sin(t w) b/|b|) / sin w` (slerp of the directions, Shoemake 1985, and a
/// norm on a line). Numbers of a latent are N(0, 1) and independent, so that two latents are nearly orthogonal and of
/// nearly one norm, r: in the middle of a straight path the norm is r / sqrt 2, that of a sample of temperature 0.71,
/// and on a spherical one it stays r.
///
/// In a conditional model the condition is a blend of the keys' labels, `(1 - t)` of the one and `t` of the other.
///
/// ```swift
/// let labels = try Tensor([0, 9])
/// let ends = try glow.encode(glow.sample(count: 2, labels: labels, seed: 1), labels: labels)
/// let path = LatentPath(through: ends, conditions: try glow.conditions(of: labels, count: 2), shape: .spherical)
/// let images = try glow.images(of: path, at: [0, 0.25, 0.5, 0.75, 1])  // [5, height, width, channel]
/// ```
public struct LatentPath {
  /// How a path goes from key to key; the formulas are those of ``LatentPath``.
  public enum Shape: String, Sendable, CaseIterable {
    /// On a line.
    case straight
    /// On an arc about 0.
    case spherical
  }

  /// The same between all keys.
  public let shape: Shape
  /// Whether the path goes on from the last key to the first.
  public let isClosed: Bool
  private let keys: Latents
  private let conditions: Tensor?

  /// - Parameters:
  ///   - keys: two or more.
  ///   - conditions: of the keys, `[count, classes]`; nil for a model without labels.
  public init(through keys: Latents, conditions: Tensor?, shape: Shape, closed: Bool = false) {
    precondition(keys.count >= 2, "a path goes through two keys or more, got \(keys.count)")
    self.keys = keys
    self.conditions = conditions
    self.shape = shape
    isClosed = closed
  }

  /// The number of pieces between two keys, which is also the position of the path's end.
  public var segments: Int { isClosed ? keys.count : keys.count - 1 }

  /// The latents at `positions` in `0...segments`, and their conditions.
  public func points(at positions: [Double]) throws -> (latents: Latents, conditions: Tensor?) {
    precondition(
      positions.allSatisfy { (0...Double(segments)).contains($0) }, "a position is outside of 0...\(segments)")
    let segment = positions.map { min(Int($0), segments - 1) }
    let t = zip(positions, segment).map { $0 - Double($1) }
    let starts = try Tensor(segment)
    let ends = try Tensor(segment.map { ($0 + 1) % keys.count })
    func picked(_ tensor: Tensor, _ numbers: Tensor) throws -> Tensor {
      try tensor.selecting(numbers.converted(to: .int64, on: tensor.device), alongDimension: 0)
    }
    let levels = try keys.levels.map { level in
      let (a, b) = (try picked(level, starts), try picked(level, ends))
      let weights = try shape == .straight ? t.map { (1 - $0, $0) } : sphericalWeights(a, b, t)
      return try weighted(a, b, weights)
    }
    let blend = try conditions.map { rows in
      try weighted(picked(rows, starts), picked(rows, ends), t.map { (1 - $0, $0) })
    }
    return (Latents(levels: levels), blend)
  }

  /// What multiplies `a` and `b`, image by image. Where an angle is not defined (a norm of 0), or leaves the way between
  /// open (0 or a half turn), the path is straight.
  private func sphericalWeights(_ a: Tensor, _ b: Tensor, _ t: [Double]) throws -> [(Double, Double)] {
    func rows(_ tensor: Tensor) throws -> Tensor {
      try tensor.converted(to: .float64, on: .cpu).reshaped([t.count, -1])
    }
    let (a, b) = (try rows(a), try rows(b))
    let normsA = try a.squared().sum([1]).squareRoot().elements(Double.self)
    let normsB = try b.squared().sum([1]).squareRoot().elements(Double.self)
    let products = try (a * b).sum([1]).elements(Double.self)
    return t.indices.map { i in
      let (t, normA, normB) = (t[i], normsA[i], normsB[i])
      let angle = acos(min(1, max(-1, products[i] / (normA * normB))))
      let sine = sin(angle)
      guard normA > 0, normB > 0, sine > 1e-6 else { return (1 - t, t) }
      let norm = (1 - t) * normA + t * normB
      return (norm * sin((1 - t) * angle) / (sine * normA), norm * sin(t * angle) / (sine * normB))
    }
  }

  /// `weights.0 * a + weights.1 * b`, image by image.
  private func weighted(_ a: Tensor, _ b: Tensor, _ weights: [(Double, Double)]) throws -> Tensor {
    let shape = [weights.count] + [Int](repeating: 1, count: a.rank - 1)
    func column(_ numbers: [Double]) throws -> Tensor {
      try Tensor(numbers, shape: shape).converted(to: a.dtype, on: a.device)
    }
    return try a * column(weights.map(\.0)) + b * column(weights.map(\.1))
  }
}

extension FlowModel {
  /// The images at `positions` of a path, `[positions, height, width, channel]`.
  public func images(of path: LatentPath, at positions: [Double], batchSize: Int = 64) throws -> Tensor {
    precondition(!positions.isEmpty && batchSize > 0, "images of a path need a position")
    let parts = try stride(from: 0, to: positions.count, by: batchSize).map { start in
      let points = try path.points(at: Array(positions[start..<min(positions.count, start + batchSize)]))
      return try decode(points.latents, conditions: points.conditions)
    }
    return try .concatenating(parts, alongDimension: 0)
  }
}

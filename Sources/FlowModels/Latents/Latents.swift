import Torch

/// An image batch as a model's latents: one tensor a level, the first level first, `[batch, height, width, channel]`,
/// standardized so that each number is N(0, 1) under the model.
///
/// ```swift
/// let images = try glow.sample(count: 2, labels: Tensor([0, 9]), seed: 1)
/// let latents = try glow.encode(images, labels: Tensor([0, 9]))
/// print(latents.levels.map(\.shape))  // one shape a level, each of two images
/// let calmer = try latents.scaled(by: latents.levels.map { _ in 0.7 })
/// let back = try glow.decode(calmer, labels: Tensor([0, 9]))
/// ```
public struct Latents {
  /// One tensor a level, the finest first, `[batch, height, width, channel]`.
  public var levels: [Tensor]

  /// - Parameter levels: one tensor a level, the finest first, all of one number of images.
  public init(levels: [Tensor]) { self.levels = levels }

  /// How many images they are of.
  public var count: Int { levels[0].shape[0] }

  /// `self + t * (other - self)`, level by level.
  public func interpolated(to other: Latents, at t: Double) throws -> Latents {
    Latents(levels: try zip(levels, other.levels).map { try $0 * (1 - t) + $1 * t })
  }

  /// Each level times its factor, the first level's first.
  public func scaled(by factors: [Double]) throws -> Latents {
    precondition(factors.count == levels.count, "\(factors.count) factors for \(levels.count) levels")
    return Latents(levels: try zip(levels, factors).map { try $0 * $1 })
  }

  /// The latents of images `range`.
  public func images(_ range: Range<Int>) throws -> Latents {
    Latents(levels: try levels.map { try $0.narrowed(0, range) })
  }

  /// Batches joined into one.
  public static func concatenating(_ parts: [Latents]) throws -> Latents {
    if parts.count == 1 { return parts[0] }
    return Latents(
      levels: try parts[0].levels.indices.map { level in
        try .concatenating(parts.map { $0.levels[level] }, alongDimension: 0)
      })
  }
}

import FlowModels
import Torch

/// Points between the latents of any number of images, by weights.
///
/// Each level is on its own. Straight: the weighted mean. Spherical: the weighted mean, scaled to the weighted mean of the
/// images' norms, so that a blend has as much detail as what it is of. (Between two images of one norm it takes the arc of
/// `LatentPath`, at another pace.) The condition of a conditional model is the weighted mean of theirs.
///
/// ```swift
/// let labels = try Tensor([0, 5, 9])
/// let latents = try glow.encode(glow.sample(count: 3, labels: labels, seed: 1), labels: labels)
/// let blend = LatentBlend(of: latents, conditions: try glow.conditions(of: labels, count: 3), shape: .spherical)
/// let middle = try blend.points(weights: [[1, 1, 1]])
/// let image = try glow.decode(middle.latents, conditions: middle.conditions)
/// ```
public struct LatentBlend {
  private let images: Latents
  private let conditions: Tensor?
  private let shape: LatentPath.Shape

  /// - Parameter conditions: of the images, `[count, classes]`; nil for a model without labels.
  public init(of images: Latents, conditions: Tensor?, shape: LatentPath.Shape) {
    self.images = images
    self.conditions = conditions
    self.shape = shape
  }

  /// - Parameter weights: of each point a row, a weight an image, none below 0 and not all 0; scaled to a sum of 1.
  /// - Returns: the latents of each point, and their conditions.
  public func points(weights: [[Double]]) throws -> (latents: Latents, conditions: Tensor?) {
    precondition(
      weights.allSatisfy { $0.count == images.count && $0.allSatisfy { $0 >= 0 } && $0.contains { $0 > 0 } },
      "a row of weights has one of 0 or more for each of \(images.count) images, not all 0")
    let scaled = weights.flatMap { row in row.map { $0 / row.reduce(0, +) } }
    let matrix = try Tensor(scaled, shape: [weights.count, images.count])
    func mean(_ tensor: Tensor) throws -> Tensor {
      try matrix.matmul(tensor.converted(to: .float64, on: .cpu).reshaped([images.count, -1]))
    }
    let levels = try images.levels.map { level in
      var mean = try mean(level)
      if shape == .spherical {
        let norms = try level.converted(to: .float64, on: .cpu).reshaped([images.count, -1]).squared().sum([1])
          .squareRoot().reshaped([-1, 1])
        let own = try mean.squared().sum([1], keepingDimensions: true).squareRoot()
        // Opposite latents cancel out, and no norm can be given to nothing.
        mean = try mean * (matrix.matmul(norms) / own.clamped(1e-12, .infinity))
      }
      return try mean.reshaped([weights.count] + level.shape.dropFirst()).converted(to: level.dtype, on: level.device)
    }
    let blend = try conditions.map { rows in
      try mean(rows).converted(to: rows.dtype, on: rows.device)
    }
    return (Latents(levels: levels), blend)
  }
}

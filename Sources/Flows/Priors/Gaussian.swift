import Foundation
import Torch

/// A diagonal Gaussian over images: the log-density, its gradients, standardization.
public struct Gaussian {
  /// Broadcastable to the images' shape.
  public let mean: Tensor
  /// The logarithm of the standard deviation; broadcastable to the images' shape.
  public let logStandardDeviation: Tensor

  /// - Parameters:
  ///   - mean: broadcastable to the images' shape.
  ///   - logStandardDeviation: likewise.
  public init(mean: Tensor, logStandardDeviation: Tensor) {
    self.mean = mean
    self.logStandardDeviation = logStandardDeviation
  }

  /// Mean 0 and deviation 1 everywhere.
  public static func unit(like tensor: Tensor) throws -> Gaussian {
    let zero = try Tensor.zeros([1], tensor.dtype, on: tensor.device)
    return Gaussian(mean: zero, logStandardDeviation: zero)
  }

  /// From `[..., 2C]`: the first half of the channels is the mean, the second the log standard deviation.
  public init(halves: Tensor) throws {
    (mean, logStandardDeviation) = try halves.splitLast(at: halves.shape[halves.rank - 1] / 2)
  }

  /// `(z - mean) / deviation`: standard normal under this distribution.
  public func standardize(_ z: Tensor) throws -> Tensor { try (z - mean) * (-logStandardDeviation).exponential() }

  /// The inverse of ``standardize(_:)``.
  public func restore(_ eps: Tensor) throws -> Tensor { try eps * logStandardDeviation.exponential() + mean }

  /// log N(z; mean, deviation²) in nats per image, `[batch]`.
  public func logProbability(_ z: Tensor) throws -> Tensor { try logProbabilities(z).sumPerImage() }

  /// The same by position, `[batch, height, width]`.
  public func logProbabilityPerPosition(_ z: Tensor) throws -> Tensor { try logProbabilities(z).sum([3]) }

  /// Of each element.
  private func logProbabilities(_ z: Tensor) throws -> Tensor {
    try standardize(z).squared() * -0.5 - logStandardDeviation - 0.5 * log(2 * Double.pi)
  }

  /// The gradients of `sum(weight * logProbability(z))`.
  /// - Parameter weight: `[batch]`.
  /// - Returns: with respect to `z`, and to the mean and log standard deviation joined as halves; shape of `z`, and twice its
  ///   channels.
  public func backward(_ z: Tensor, weight: Tensor) throws -> (z: Tensor, halves: Tensor) {
    let weight = try weight.reshaped([-1, 1, 1, 1])
    let eps = try standardize(z)
    let gradMean = try eps * (-logStandardDeviation).exponential() * weight
    let gradLogStandardDeviation = try (eps.squared() - 1) * weight
    return (try -gradMean, try .concatenating([gradMean, gradLogStandardDeviation], alongDimension: -1))
  }
}

import Foundation
import Torch

/// From images in -1/2 ..< 1/2 to the whole line (RealNVP, section 4.1): `y = logit(p)` with
/// `p = alpha + (1 - 2 alpha) (x + 1/2)`, so that both ends of the range stay finite, as in the released code.
public final class LogitTransform: Bijection {
  /// How far p stays away from 0 and from 1: above 0, below 1/2.
  public let alpha: Double

  public var parameters: [Parameter] { [] }

  /// - Parameter alpha: above 0, below 1/2; 0.05 as published.
  public init(alpha: Double) {
    precondition(alpha > 0 && alpha < 0.5, "alpha is between 0 and 1/2, not \(alpha)")
    self.alpha = alpha
  }

  private var slope: Double { 1 - 2 * alpha }

  private func probability(_ x: Tensor) throws -> Tensor { try (x + 0.5) * slope + alpha }

  /// - Parameter x: in -1/2 ... 1/2.
  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let p = try probability(x)
    let (logP, logQ) = (try p.logarithm(), try (1 - p).logarithm())
    return Forward(try logP - logQ, logDet: try (log(slope) - logP - logQ).sumPerImage())
  }

  public func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    let p = try probability(x)
    return try (log(slope) - p.logarithm() - (1 - p).logarithm()).sum([3])
  }

  /// From any real numbers; those beyond the images that `forward` takes end a little outside of -1/2 ... 1/2.
  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor { try (y.sigmoid() - alpha) / slope - 0.5 }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let p = try y.sigmoid()
    let inner = try gradY + (p * 2 - 1) * gradLogDet.reshaped([-1, 1, 1, 1])
    return (try inverse(y), try inner * slope / (p * (1 - p)))
  }
}

import FlowModels
import Flows
import Foundation
import ModelImages
import Torch

/// What a pass over a run's first images says of bfloat16 in place of float32.
public struct PrecisionChoice: Codable, Sendable, CustomStringConvertible {
  /// What the run takes.
  public let precision: ConditionerPrecision
  /// By how much the loss is another, in bits per dimension.
  public let lossDifference: Double
  /// The norm of the gradient's difference as a share of its norm.
  public let gradientDifference: Double

  /// The most of either for which a run takes bfloat16. The noise of a batch's choice is many times larger.
  static let (largestLossDifference, largestGradientDifference) = (0.01, 0.05)

  init(lossDifference: Double, gradientDifference: Double) {
    self.lossDifference = lossDifference
    self.gradientDifference = gradientDifference
    // Also where one is not a number.
    let isHarmless =
      lossDifference <= Self.largestLossDifference && gradientDifference <= Self.largestGradientDifference
    precision = isHarmless ? .bfloat16 : .float32
  }

  /// Leaves the model's gradients and precision as they are.
  init(of model: any FlowModel, on batch: ModelBatch) throws {
    let vector = model.parameters
    let before = try vector.gradients.copy()
    func pass(_ precision: ConditionerPrecision) throws -> (bits: Double, gradient: Tensor) {
      try model.using(precision) {
        try vector.zeroGradients()
        let loss = try model.accumulateGradients(
          batch.x, labels: batch.labels, keeping: nil, classifierWeight: 0, share: 1, onFinal: nil)
        let bits = model.quantization.bitsPerDimension(
          logProbability: try loss.logProbability.mean().item(), dimensions: model.configuration.dimensions)
        return (bits, try vector.gradients.copy())
      }
    }
    let (exact, rounded) = (try pass(.float32), try pass(.bfloat16))
    try vector.gradients.assign(before)
    let difference = try (rounded.gradient - exact.gradient).norm().item()
    self.init(
      lossDifference: abs(rounded.bits - exact.bits),
      gradientDifference: difference / max(try exact.gradient.norm().item(), .leastNormalMagnitude))
  }

  public var description: String {
    let figures = String(
      format: "a first pass finds the loss %.4f bits/dim and the gradient %.1f%% from float32's", lossDifference,
      100 * gradientDifference)
    return precision == .bfloat16
      ? "multiplies bf16, which this processor does faster: \(figures)" : "multiplies float32, not bf16: \(figures)"
  }
}

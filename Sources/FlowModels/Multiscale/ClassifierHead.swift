import Flows
import Foundation
import Torch

/// Predicts the label from the spatial mean of the top latent (the released code's `weight_y` term): a linear layer that
/// starts at zero, with the same output scale as the zero-started convolutions.
public final class ClassifierHead {
  private let weight: Parameter
  private let bias: Parameter
  private let logScale: Parameter

  /// What training changes: weights `[channel, classes]`, a bias and log-scales, `[classes]` both.
  public var parameters: [Parameter] { [weight, bias, logScale] }

  init(_ name: String, channels: Int, classes: Int, like options: TensorOptions) throws {
    func zeros(_ part: String, _ shape: [Int]) throws -> Parameter {
      try Parameter("\(name).\(part)", .zeros(shape, options.dtype, on: options.device))
    }
    weight = try zeros("weight", [channels, classes])
    bias = try zeros("bias", [classes])
    logScale = try zeros("logScale", [classes])
  }

  private func scale() throws -> Tensor { try (logScale.value * ZeroConv3x3.logScaleFactor).exponential() }

  /// - Parameter z: the top latent, `[batch, height, width, channel]`.
  /// - Returns: `[batch, classes]`.
  func logits(_ z: Tensor) throws -> Tensor { try (z.mean([1, 2]).matmul(weight.value) + bias.value) * scale() }

  /// Adds the gradients of `factor * mean cross-entropy (nats)`.
  /// - Parameter oneHot: the labels, `[batch, classes]`.
  /// - Returns: the mean cross-entropy in nats, a scalar, and the gradient with respect to `z`.
  func backward(_ z: Tensor, oneHot: Tensor, factor: Double) throws -> (crossEntropy: Tensor, gradZ: Tensor) {
    let (batch, height, width) = (z.shape[0], z.shape[1], z.shape[2])
    let pooled = try z.mean([1, 2])
    let logits = try logits(z)
    let logProbabilities = try logits.logSoftmax(1)
    let crossEntropy = try -((logProbabilities * oneHot).sum() / Double(batch))
    let gradLogits = try (logProbabilities.exponential() - oneHot) * (factor / Double(batch))
    try logScale.gradient.addInPlace((gradLogits * logits).sum([0]), scale: ZeroConv3x3.logScaleFactor)
    let gradLinear = try gradLogits * scale()
    try bias.gradient.addInPlace(gradLinear.sum([0]))
    try weight.gradient.addInPlace(pooled.transposed.matmul(gradLinear))
    let gradPooled = try gradLinear.matmul(weight.value.transposed) / Double(height * width)
    return (crossEntropy, try gradPooled.reshaped([batch, 1, 1, -1]).expanded(to: z.shape))
  }
}

import Flows
import Foundation
import Torch

/// The parts of one batch's loss, on the device: reading them waits for it.
public struct Loss {
  /// Nats per image, `[batch]`.
  public let logProbability: Tensor
  /// The classifier's mean cross-entropy in nats, a scalar; nil without a classifier.
  public let crossEntropy: Tensor?

  init(logProbability: Tensor, crossEntropy: Tensor?) {
    self.logProbability = logProbability
    self.crossEntropy = crossEntropy
  }

  /// The loss of a batch that was taken in `parts`.
  public init(joining parts: [Loss]) throws {
    precondition(!parts.isEmpty, "a batch has a part")
    logProbability = try .concatenating(parts.map(\.logProbability), alongDimension: 0)
    let count = Double(logProbability.shape[0])
    crossEntropy = try parts.reduce(nil) { sum, part in
      guard let own = try part.crossEntropy.map({ try $0 * (Double(part.logProbability.shape[0]) / count) }) else {
        return sum
      }
      return try sum.map { try $0 + own } ?? own
    }
  }
}

extension Glow {
  /// Adds to the parameters' gradients those of the loss
  /// `mean over the batch of (-log p(x) / (D ln 2)) + weightY * mean cross-entropy / ln 2`.
  /// - Parameters:
  ///   - kept: the steps of flow that keep activations for the backward pass instead of rebuilding them, which is faster
  ///     but takes memory that grows with depth; nil for none.
  ///   - weightY: of the classifier's cross-entropy (in bits).
  ///   - share: what part of a whole batch `x` is, when gradients are accumulated over several.
  ///   - onFinal: called after every step of flow: the elements of `parameters.gradients` from a place on are done.
  @discardableResult
  public func accumulateGradients(
    _ x: Tensor, labels: Tensor? = nil, keeping kept: KeptActivations? = nil, weightY: Double = 0, share: Double = 1,
    onFinal: ((_ start: Int) throws -> Void)? = nil
  ) throws -> Loss {
    try withInference {
      let rows = try oneHot(labels, count: x.shape[0])
      let pass = try pass(x, rows, keeping: kept)
      let batch = x.shape[0]
      let weight = try Tensor.full(
        -share / (Double(batch * configuration.dimensions) * log(2)), [batch], x.dtype, on: x.device)

      let z = pass.latents.last!
      let top = try topDistribution(rows)
      let logProbability = try pass.logProbability + top.logProbability(z)
      var (gradient, gradHalves) = try top.backward(z, weight: weight)
      try prior.backward(gradHalves, condition: rows)
      var crossEntropy: Tensor?
      if let classifier, let rows {
        let head = try classifier.backward(z, oneHot: rows, factor: share * weightY / log(2))
        crossEntropy = head.crossEntropy
        gradient = try gradient + head.gradZ
      }

      var y = z
      for (index, level) in levels.enumerated().reversed() {
        if let split = level.split {
          (y, gradient) = try split.backward(
            kept: y, latent: pass.latents[index], gradKept: gradient, weight: weight)
        }
        (y, gradient) = try level.chain.backward(
          y: y, saved: pass.saved[index], gradY: gradient, gradLogDet: weight, after: parameters.reporting(to: onFinal))
        (y, gradient) = try level.squeeze.backward(y: y, saved: .nothing, gradY: gradient, gradLogDet: weight)
      }
      return Loss(logProbability: logProbability, crossEntropy: crossEntropy)
    }
  }
}

import Flows
import Foundation
import Torch

extension MultiscaleFlow {
  /// Adds to the parameters' gradients those of the loss
  /// `mean over the batch of (-log p(x) / (D ln 2)) + classifierWeight * mean cross-entropy / ln 2`.
  ///
  /// Batch normalizations take the batch's statistics; in a batch taken in parts, those of each part.
  /// - Parameters:
  ///   - kept: the steps of flow that keep activations for the backward pass instead of rebuilding them, which is faster
  ///     but takes memory that grows with depth; nil for none.
  ///   - classifierWeight: of the classifier's cross-entropy (in bits); without effect where there is no classifier.
  ///   - share: what part of a whole batch `x` is, when gradients are accumulated over several.
  ///   - onFinal: called after every layer of a chain, or once where threads take images of their own: the elements of
  ///     `parameters.gradients` from a place on are done.
  @discardableResult
  public func accumulateGradients(
    _ x: Tensor, labels: Tensor? = nil, keeping kept: KeptActivations? = nil, classifierWeight: Double = 0,
    share: Double = 1, onFinal: ((_ start: Int) throws -> Void)? = nil
  ) throws -> Loss {
    try checkShape(x)
    return try withInference {
      let batch = x.shape[0]
      var context = try context(labels, count: batch)
      context.statistics = .batch
      let shares = shares(of: batch)
      let losses: [Loss]
      do {
        losses = try sideBySide(shares) { model, range in
          try model.accumulateShare(
            x.narrowed(0, range), under: context.images(range), keeping: kept, classifierWeight: classifierWeight,
            share: share * Double(range.count) / Double(batch), onFinal: shares.count == 1 ? onFinal : nil)
        }
      } catch {
        // What they have found so far belongs to no later pass.
        for helper in helpers { try helper.parameters.zeroGradients() }
        throw error
      }
      if shares.count > 1 {
        try parameters.takeGradients(of: helpers.map(\.parameters))
        try onFinal?(0)
      }
      return try Loss(joining: losses)
    }
  }

  /// As ``accumulateGradients(_:labels:keeping:classifierWeight:share:onFinal:)``, by this model's own layers.
  private func accumulateShare(
    _ x: Tensor, under context: Context, keeping kept: KeptActivations?, classifierWeight: Double, share: Double,
    onFinal: ((_ start: Int) throws -> Void)?
  ) throws -> Loss {
    try withInference {
      let pass = try pass(x, under: context, keeping: kept ?? .none(of: configuration))
      let batch = x.shape[0]
      let weight = try Tensor.full(
        -share / (Double(batch * configuration.dimensions) * log(2)), [batch], x.dtype, on: x.device)

      let z = pass.latents.last!
      let top = try prior.distribution(under: context)
      let logProbability = try pass.logProbability + top.logProbability(z)
      var (gradient, gradHalves) = try top.backward(z, weight: weight)
      try prior.backward(gradHalves, under: context)
      var crossEntropy: Tensor?
      if let classifier, let rows = context.labels {
        let head = try classifier.backward(z, oneHot: rows, factor: share * classifierWeight / log(2))
        crossEntropy = head.crossEntropy
        gradient = try gradient + head.gradZ
      }

      var y = z
      for (index, level) in levels.enumerated().reversed() {
        if let split = level.split {
          (y, gradient) = try split.backward(
            kept: y, latent: pass.latents[index], gradKept: gradient, weight: weight, under: context)
        }
        (y, gradient) = try level.chain.backward(
          y: y, saved: pass.saved[index], gradY: gradient, gradLogDet: weight, under: context,
          after: parameters.reporting(to: onFinal))
      }
      return Loss(logProbability: logProbability, crossEntropy: crossEntropy)
    }
  }

  /// Takes what the step's passes noted into the running averages.
  public func finishStep() throws {
    guard keepsStatistics else { return }
    try withInference { for own in statistics { try own.update() } }
  }
}

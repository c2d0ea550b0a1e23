import Flows
import Foundation
import Torch

extension RealNVP {
  /// The latents, one a level, and log p(x) in nats, `[batch]`.
  private func pass(_ x: Tensor) throws -> (latents: [Tensor], logProbability: Tensor) {
    var x = x
    var latents: [Tensor] = []
    var logProbability = try Tensor.zeros([x.shape[0]], x.dtype, on: x.device)
    for level in levels {
      let forward = try level.chain.forward(x, keep: false)
      let (kept, latent) = try divide(forward.y, level)
      logProbability = try logProbability + forward.logDet + prior.logProbability(latent)
      latents.append(latent)
      if let kept { x = kept }
    }
    return (latents, logProbability)
  }

  public func logProbability(_ x: Tensor, labels: Tensor? = nil) throws -> Tensor {
    try check(x, labels)
    return try withInference { try pass(x).logProbability }
  }

  public func encode(_ x: Tensor, labels: Tensor? = nil) throws -> Latents {
    try check(x, labels)
    return try withInference { Latents(levels: try pass(x).latents) }
  }

  public func decode(_ latents: Latents, labels: Tensor? = nil) throws -> Tensor {
    try checkNone(labels)
    try checkShapes(of: latents)
    return try withInference {
      var x: Tensor?
      for (level, latent) in zip(levels, latents.levels).reversed() {
        let y = try x.map { try Tensor.concatenating([$0, latent], alongDimension: -1) } ?? latent
        x = try level.chain.inverse(y)
      }
      return x!
    }
  }

  /// Adds the gradients of `mean over the batch of (-log p(x) / (D ln 2))`, with the batch's statistics in every batch
  /// normalisation; in a batch taken in parts, with those of each part. Activations are always rebuilt, and there is no
  /// classifier: `kept` and `weightY` are without effect.
  @discardableResult
  public func accumulateGradients(
    _ x: Tensor, labels: Tensor? = nil, keeping kept: KeptActivations? = nil, weightY: Double = 0, share: Double = 1,
    onFinal: ((_ start: Int) throws -> Void)? = nil
  ) throws -> Loss {
    try check(x, labels)
    return try phase.using(.batch) {
      try withInference {
        let (latents, logProbability) = try pass(x)
        let batch = x.shape[0]
        let weight = try Tensor.full(
          -share / (Double(batch * configuration.dimensions) * log(2)), [batch], x.dtype, on: x.device)
        var lower: (x: Tensor, gradX: Tensor)?
        for (level, latent) in zip(levels, latents).reversed() {
          var (y, gradY) = (latent, try prior.backward(latent, weight: weight).z)
          if let lower {
            y = try .concatenating([lower.x, y], alongDimension: -1)
            gradY = try .concatenating([lower.gradX, gradY], alongDimension: -1)
          }
          lower = try level.chain.backward(
            y: y, saved: .nothing, gradY: gradY, gradLogDet: weight, after: parameters.reporting(to: onFinal))
        }
        return Loss(logProbability: logProbability, crossEntropy: nil)
      }
    }
  }

  /// Takes the statistics of the step's passes into the running averages.
  public func finishStep() throws {
    try withInference {
      for (_, layer) in levels.flatMap(\.layers) {
        let statistics: [RunningStatistics] =
          switch layer {
          case let norm as BatchNorm: [norm.statistics]
          case let coupling as MaskedCoupling: (coupling.conditioner as? ResidualConditioner)?.statistics ?? []
          default: []
          }
        for own in statistics { try own.update(weight: Self.statisticsWeight) }
      }
    }
  }
}

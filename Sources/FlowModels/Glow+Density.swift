import Flows
import Foundation
import Torch

extension Glow {
  /// What the forward pass leaves: the latents as they are (not standardised), and what is needed to go back.
  struct Pass {
    /// One a level, the first level first.
    var latents: [Tensor] = []
    /// The flow's log-determinant plus the split priors' log-probabilities, in nats, `[batch]`.
    var logProbability: Tensor
    /// Of each level's chain.
    var saved: [Saved] = []
  }

  func pass(_ x: Tensor, _ rows: Tensor?, keeping kept: KeptActivations? = nil) throws -> Pass {
    try checkShape(x)
    condition?.weights = rows
    var x = x
    var pass = Pass(logProbability: try .zeros([x.shape[0]], x.dtype, on: x.device))
    for (index, level) in levels.enumerated() {
      let step = try level.chain.forward(
        level.squeeze.forward(x, keep: false).y, keepingLast: kept?.steps[index] ?? 0)
      pass.logProbability = try pass.logProbability + step.logDet
      pass.saved.append(step.saved)
      guard let split = level.split else {
        pass.latents.append(step.y)
        break
      }
      let (kept, latent) = try split.divide(step.y)
      pass.logProbability =
        try pass.logProbability + split.distribution(given: kept).logProbability(latent)
      pass.latents.append(latent)
      x = kept
    }
    return pass
  }

  /// - Parameter rows: the condition, `[batch, classes]`.
  func topDistribution(_ rows: Tensor?) throws -> Gaussian {
    let shape = configuration.latentShape(level: configuration.levels)
    return try prior.distribution(height: shape[0], width: shape[1], condition: rows)
  }

  /// log p(x), or log p(x | label) for a conditional model, in nats per image, `[batch]`; x as the model takes it
  /// (dequantised, scaled).
  /// - Parameter labels: int64 `[batch]`; a conditional model needs them.
  public func logProbability(_ x: Tensor, labels: Tensor? = nil) throws -> Tensor {
    try withInference {
      let rows = try oneHot(labels, count: x.shape[0])
      let pass = try pass(x, rows)
      return try pass.logProbability + topDistribution(rows).logProbability(pass.latents.last!)
    }
  }

  /// log p(x | label) in nats for every label, `[batch, classes]`.
  public func logProbabilityPerLabel(_ x: Tensor) throws -> Tensor {
    guard configuration.classCount > 0 else { throw ModelError.request("the model has no labels") }
    return try withInference {
      var shared: Pass?
      let columns = try (0..<configuration.classCount).map { label in
        let rows = try oneHot(Tensor([Int](repeating: label, count: x.shape[0]), on: x.device), count: x.shape[0])
        // Only a model that is conditioned in more than the top prior runs its flow again for another label.
        let pass = try (condition == nil ? shared : nil) ?? pass(x, rows)
        shared = pass
        let top = try topDistribution(rows).logProbability(pass.latents.last!)
        return try (pass.logProbability + top).reshaped([-1, 1])
      }
      return try .concatenating(columns, alongDimension: 1)
    }
  }

  /// The latents of `x`, standardised.
  public func encode(_ x: Tensor, labels: Tensor? = nil) throws -> Latents {
    try withInference {
      try checkShape(x)
      let rows = try oneHot(labels, count: x.shape[0])
      condition?.weights = rows
      var x = x
      var standardised: [Tensor] = []
      for level in levels {
        let y = try level.chain.forward(level.squeeze.forward(x, keep: false).y, keep: false).y
        guard let split = level.split else {
          standardised.append(try topDistribution(rows).standardise(y))
          break
        }
        let (kept, latent) = try split.divide(y)
        standardised.append(try split.distribution(given: kept).standardise(latent))
        x = kept
      }
      return Latents(levels: standardised)
    }
  }

  /// The images of `latents`: the exact inverse of ``encode(_:labels:)`` with the same labels.
  public func decode(_ latents: Latents, labels: Tensor? = nil) throws -> Tensor {
    try checkShapes(of: latents)
    return try withInference { try decode(latents, condition: oneHot(labels, count: latents.count)) }
  }

  /// - Parameter rows: the condition, `[batch, classes]`.
  func decode(_ latents: Latents, condition rows: Tensor?) throws -> Tensor {
    condition?.weights = rows
    var y = try topDistribution(rows).restore(latents.levels.last!)
    for (level, latent) in zip(levels, latents.levels).reversed() {
      if let split = level.split {
        y = try split.join(y, split.distribution(given: y).restore(latent))
      }
      y = try level.squeeze.inverse(level.chain.inverse(y))
    }
    return y
  }

  /// The label under which each image is most likely, int64 `[batch]`.
  public func mostLikelyLabels(_ x: Tensor) throws -> Tensor { try logProbabilityPerLabel(x).argmax(1) }

  public func predictedLabels(_ x: Tensor) throws -> Tensor {
    try configuration.classifier ? classify(x).argmax(1) : mostLikelyLabels(x)
  }

  /// The classifier head's logits, `[batch, classes]`.
  public func classify(_ x: Tensor) throws -> Tensor {
    guard let classifier else { throw ModelError.request("the model has no classifier head") }
    guard condition == nil else {
      throw ModelError.request(
        "the model is conditioned in more than the top prior: its classifier would see the label")
    }
    return try withInference { try classifier.logits(pass(x, nil).latents.last!) }
  }
}

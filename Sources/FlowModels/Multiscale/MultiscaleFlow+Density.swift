import Flows
import Torch

extension MultiscaleFlow {
  /// What the forward pass leaves: the latents as they are (not standardized), and what is needed to go back.
  struct Pass {
    /// One a level, the first level first.
    var latents: [Tensor] = []
    /// The flow's log-determinant plus the split priors' log-probabilities, in nats, `[batch]`.
    var logProbability: Tensor
    /// What each level's chain kept.
    var saved: [Saved] = []
  }

  /// - Parameter kept: nil where no backward pass follows.
  func pass(_ x: Tensor, under context: Context, keeping kept: KeptActivations? = nil) throws -> Pass {
    try checkShape(x)
    let links = kept?.links(of: levels)
    var x = x
    var pass = Pass(logProbability: try .zeros([x.shape[0]], x.dtype, on: x.device))
    for (index, level) in levels.enumerated() {
      let step = try level.chain.forward(x, under: context, keeping: links?[index])
      pass.logProbability = try pass.logProbability + step.logDet
      pass.saved.append(step.saved)
      guard let split = level.split else {
        pass.latents.append(step.y)
        break
      }
      let (kept, latent) = try split.divide(step.y)
      pass.logProbability =
        try pass.logProbability + split.distribution(given: kept, under: context).logProbability(latent)
      pass.latents.append(latent)
      x = kept
    }
    return pass
  }

  /// log p(x), or log p(x | label) for a conditional model, in nats per image, `[batch]`; x as the model takes it
  /// (dequantized, scaled).
  /// - Parameter labels: as of every pass (``FlowModel``).
  public func logProbability(_ x: Tensor, labels: Tensor? = nil) throws -> Tensor {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      return try joined(x.shape[0]) { model, range in
        try model.logProbabilityShare(x.narrowed(0, range), under: context.images(range))
      }
    }
  }

  /// By this model's own layers.
  private func logProbabilityShare(_ x: Tensor, under context: Context) throws -> Tensor {
    try withInference {
      let pass = try pass(x, under: context)
      return try pass.logProbability + prior.distribution(under: context).logProbability(pass.latents.last!)
    }
  }

  /// log p(x | label) in nats for every label, `[batch, classes]`.
  public func logProbabilityPerLabel(_ x: Tensor) throws -> Tensor {
    guard configuration.classCount > 0 else { throw ModelError.request("the model has no labels") }
    return try withInference {
      var shared: Pass?
      let columns = try (0..<configuration.classCount).map { label in
        let labels = try Tensor([Int](repeating: label, count: x.shape[0]), on: x.device)
        let context = try context(labels, count: x.shape[0])
        let pass = try (readsLabelsBelowPrior ? nil : shared) ?? pass(x, under: context)
        shared = pass
        let top = try prior.distribution(under: context).logProbability(pass.latents.last!)
        return try (pass.logProbability + top).reshaped([-1, 1])
      }
      return try .concatenating(columns, alongDimension: 1)
    }
  }

  /// The latents of `x`, standardized.
  public func encode(_ x: Tensor, labels: Tensor? = nil) throws -> Latents {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      return try .concatenating(
        sideBySide(shares(of: x.shape[0])) { model, range in
          try model.encodeShare(x.narrowed(0, range), under: context.images(range))
        })
    }
  }

  /// By this model's own layers.
  private func encodeShare(_ x: Tensor, under context: Context) throws -> Latents {
    try withInference {
      var x = x
      var standardized: [Tensor] = []
      for level in levels {
        let y = try level.chain.forward(x, under: context, keep: false).y
        guard let split = level.split else {
          standardized.append(try prior.distribution(under: context).standardize(y))
          break
        }
        let (kept, latent) = try split.divide(y)
        standardized.append(try split.distribution(given: kept, under: context).standardize(latent))
        x = kept
      }
      return Latents(levels: standardized)
    }
  }

  /// The images of `latents`: the exact inverse of ``encode(_:labels:)`` with the same labels.
  public func decode(_ latents: Latents, labels: Tensor? = nil) throws -> Tensor {
    try checkShapes(of: latents)
    return try withInference { try decode(latents, under: context(labels, count: latents.count)) }
  }

  /// The images of `latents` under conditions that may lie between labels: ``decode(_:labels:)`` with rows from
  /// ``conditions(of:count:)``, or blends of them.
  /// - Parameter conditions: `[count, classes]` or `[count, attributes]`; a model with labels needs them, one without
  ///   labels and attributes takes nil.
  public func decode(_ latents: Latents, conditions: Tensor?) throws -> Tensor {
    try checkShapes(of: latents)
    guard configuration.conditionCount > 0 else { return try decode(latents) }
    if conditions == nil, configuration.classCount == 0 { return try decode(latents) }
    guard let conditions, conditions.shape == [latents.count, configuration.conditionCount] else {
      throw ModelError.request(
        "the model is conditional: its conditions are [\(latents.count), \(configuration.conditionCount)], got "
          + "\(conditions.map { "\($0.shape)" } ?? "none")")
    }
    return try withInference { try decode(latents, under: Context(labels: conditions)) }
  }

  private func decode(_ latents: Latents, under context: Context) throws -> Tensor {
    try joined(latents.count) { model, range in
      try model.decodeShare(latents.images(range), under: context.images(range))
    }
  }

  /// By this model's own layers.
  private func decodeShare(_ latents: Latents, under context: Context) throws -> Tensor {
    try withInference {
      var y = try prior.distribution(under: context).restore(latents.levels.last!)
      for (level, latent) in zip(levels, latents.levels).reversed() {
        if let split = level.split {
          y = try split.join(y, split.distribution(given: y, under: context).restore(latent))
        }
        y = try level.chain.inverse(y, under: context)
      }
      return y
    }
  }

  /// The label under which each image is most likely, int64 `[batch]`.
  public func mostLikelyLabels(_ x: Tensor) throws -> Tensor { try logProbabilityPerLabel(x).argmax(1) }

  /// The label that the classifier predicts, or without one the most likely, int64 `[batch]`.
  public func predictedLabels(_ x: Tensor) throws -> Tensor {
    try classifier != nil ? classify(x).argmax(1) : mostLikelyLabels(x)
  }

  /// The classifier head's logits, `[batch, classes]`.
  public func classify(_ x: Tensor) throws -> Tensor {
    guard let classifier else { throw ModelError.request("the model has no classifier head") }
    guard !readsLabelsBelowPrior else {
      throw ModelError.request(
        "the model is conditioned in more than the top prior: its classifier would see the label")
    }
    return try withInference { try classifier.logits(pass(x, under: .none).latents.last!) }
  }
}

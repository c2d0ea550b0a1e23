import Flows
import Torch

extension Glow {
  /// Measures what ``InvertibilityReport`` holds on the images `x`.
  public func invertibility(
    on x: Tensor, labels: Tensor? = nil, observing observe: InvertibilityReport.ScaleObserver?
  ) throws -> InvertibilityReport {
    try checkShape(x)
    return try withInference {
      condition?.weights = try oneHot(labels, count: x.shape[0])
      var report = InvertibilityReport()
      var y = x
      for level in levels {
        y = try level.squeeze.forward(y, keep: false).y
        for step in level.steps {
          for (name, layer) in step.parts { y = try report.add(name, layer, y, observe) }
        }
        if let split = level.split { y = try split.divide(y).kept }
      }
      report.roundTripError = try InvertibilityReport.error(x) { try reconstruct(x, labels: labels) }
      return report
    }
  }

  /// inverse(forward(x)): what of `x` survives the way through the latents in floating point.
  public func reconstruct(_ x: Tensor, labels: Tensor? = nil) throws -> Tensor {
    try withInference {
      let pass = try pass(x, oneHot(labels, count: x.shape[0]))
      var y = pass.latents.last!
      for (level, latent) in zip(levels, pass.latents).reversed() {
        if let split = level.split { y = try split.join(y, latent) }
        y = try level.squeeze.inverse(level.chain.inverse(y))
      }
      return y
    }
  }

  /// The name of the first layer whose output for `x` is not finite, or nil if all are.
  public func firstNonFiniteLayer(_ x: Tensor, labels: Tensor? = nil) throws -> String? {
    func isFinite(_ tensor: Tensor) throws -> Bool {
      try tensor.isFinite().converted(to: .float32).minimum().item() == 1
    }
    return try withInference {
      guard try isFinite(x) else { return "the input" }
      let rows = try oneHot(labels, count: x.shape[0])
      condition?.weights = rows
      var y = x
      for (index, level) in levels.enumerated() {
        y = try level.squeeze.forward(y, keep: false).y
        for step in level.steps {
          for (name, layer) in step.parts {
            let forward = try layer.forward(y, keep: false)
            guard try isFinite(forward.y), try isFinite(forward.logDet) else { return name }
            y = forward.y
          }
        }
        guard let split = level.split else { break }
        let (kept, latent) = try split.divide(y)
        guard try isFinite(split.distribution(given: kept).logProbability(latent)) else {
          return "level\(index + 1).split.prior"
        }
        y = kept
      }
      return try isFinite(topDistribution(rows).logProbability(y)) ? nil : "prior"
    }
  }
}

extension FlowStep {
  /// Its layers, by their names in the model.
  fileprivate var parts: [(name: String, layer: any Bijection)] {
    [(name + ".actnorm", actnorm), (name + ".permutation", permutation), (name + ".coupling", coupling)]
  }
}

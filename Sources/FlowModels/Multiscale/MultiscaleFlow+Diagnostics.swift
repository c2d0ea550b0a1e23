import Flows
import Torch

extension MultiscaleFlow {
  /// Measures what ``InvertibilityReport`` holds on the images `x`.
  public func invertibility(
    on x: Tensor, labels: Tensor? = nil, observing observe: InvertibilityReport.ScaleObserver?
  ) throws -> InvertibilityReport {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      var report = InvertibilityReport()
      var y = x
      for level in levels {
        for link in level.chain.links {
          let parts = link.parts
          if parts.isEmpty { y = try link.layer.forward(y, under: context, keep: false).y }
          for (name, layer) in parts { y = try report.add(name, layer, y, under: context, observe) }
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
      let context = try context(labels, count: x.shape[0])
      let pass = try pass(x, under: context)
      var y = pass.latents.last!
      for (level, latent) in zip(levels, pass.latents).reversed() {
        if let split = level.split { y = try split.join(y, latent) }
        y = try level.chain.inverse(y, under: context)
      }
      return y
    }
  }

  /// The name of the first layer whose output for `x` is not finite, or nil if all are.
  public func firstNonFiniteLayer(_ x: Tensor, labels: Tensor? = nil) throws -> String? {
    try withInference {
      guard try x.isAllFinite() else { return "the input" }
      let context = try context(labels, count: x.shape[0])
      var y = x
      for (index, level) in levels.enumerated() {
        for link in level.chain.links {
          let parts = link.parts
          if parts.isEmpty { y = try link.layer.forward(y, under: context, keep: false).y }
          for (name, layer) in parts {
            let forward = try layer.forward(y, under: context, keep: false)
            guard try forward.y.isAllFinite(), try forward.logDet.isAllFinite() else { return name }
            y = forward.y
          }
        }
        guard let split = level.split else { break }
        let (kept, latent) = try split.divide(y)
        guard try split.distribution(given: kept, under: context).logProbability(latent).isAllFinite() else {
          return "level\(index + 1).split.prior"
        }
        y = kept
      }
      return try prior.distribution(under: context).logProbability(y).isAllFinite() ? nil : "prior"
    }
  }
}

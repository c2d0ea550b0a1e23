import Flows
import Torch

/// How well a model inverts on given images. (The question of the 1x1 convolution's invertibility: Glow, section 3.2.)
public struct InvertibilityReport: Codable, Sendable {
  /// The largest |inverse(forward(x)) - x| over all elements, in units of the model's scale (1/256 is one 8-bit level).
  public var roundTripError: Double
  /// The condition number of every 1x1 convolution, by layer name.
  public var conditionNumbers: [String: Double]
  /// The smallest and largest scale of every affine coupling on these images, by layer name.
  public var scaleRanges: [String: [Double]]

  public var worstCondition: (layer: String, value: Double)? {
    conditionNumbers.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { ($0.key, $0.value) }
  }
}

extension Glow {
  /// Measures what ``InvertibilityReport`` holds on the images `x`.
  public func invertibility(on x: Tensor, labels: Tensor? = nil) throws -> InvertibilityReport {
    try checkShape(x)
    var report = InvertibilityReport(roundTripError: 0, conditionNumbers: [:], scaleRanges: [:])
    try withInference {
      condition?.weights = try oneHot(labels, count: x.shape[0])
      var y = x
      for level in levels {
        y = try level.squeeze.forward(y, keep: false).y
        for step in level.steps {
          if let convolution = step.permutation as? InvertibleConv1x1 {
            report.conditionNumbers[step.name + ".permutation"] = try convolution.conditionNumber()
          }
          if step.coupling.transform != .additive {
            let range = try step.coupling.scaleRange(step.mix(y).y)
            report.scaleRanges[step.name + ".coupling"] = [range.minimum, range.maximum]
          }
          y = try step.forward(y, keep: false).y
        }
        if let split = level.split { y = try split.divide(y).kept }
      }
      report.roundTripError = try (reconstruct(x, labels: labels) - x).magnitude().maximum().item()
    }
    return report
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
          let parts: [(String, any Bijection)] = [
            ("actnorm", step.actnorm), ("permutation", step.permutation), ("coupling", step.coupling),
          ]
          for (part, layer) in parts {
            let forward = try layer.forward(y, keep: false)
            guard try isFinite(forward.y), try isFinite(forward.logDet) else { return "\(step.name).\(part)" }
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

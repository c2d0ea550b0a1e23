import Flows
import Torch

extension RealNVP {
  /// The round trip, log-determinants and the couplings' scales; there are no 1x1 convolutions.
  public func invertibility(
    on x: Tensor, labels: Tensor? = nil, observing observe: InvertibilityReport.ScaleObserver?
  ) throws -> InvertibilityReport {
    try check(x, labels)
    return try withInference {
      var report = InvertibilityReport()
      var y = x
      for level in levels {
        for (name, layer) in level.layers { y = try report.add(name, layer, y, observe) }
        if let kept = try divide(y, level).kept { y = kept }
      }
      report.roundTripError = try InvertibilityReport.error(x) { try decode(encode(x)) }
      return report
    }
  }

  public func firstNonFiniteLayer(_ x: Tensor, labels: Tensor? = nil) throws -> String? {
    func isFinite(_ tensor: Tensor) throws -> Bool {
      try tensor.isFinite().converted(to: .float32).minimum().item() == 1
    }
    return try withInference {
      guard try isFinite(x) else { return "the input" }
      var x = x
      for level in levels {
        for (name, layer) in level.layers {
          let forward = try layer.forward(x, keep: false)
          guard try isFinite(forward.y), try isFinite(forward.logDet) else { return name }
          x = forward.y
        }
        if let kept = try divide(x, level).kept { x = kept }
      }
      return nil
    }
  }
}

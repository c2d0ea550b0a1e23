import Flows
import Torch

extension RealNVP {
  /// Runs `body` on every layer with what it is given for `x`, in order, until it returns something.
  private func firstResult<R>(
    _ x: Tensor, _ body: (_ name: String, _ layer: any Bijection, _ x: Tensor, _ forward: Forward) throws -> R?
  ) throws -> R? {
    var x = x
    for level in levels {
      for (name, layer) in level.layers {
        let forward = try layer.forward(x, keep: false)
        if let result = try body(name, layer, x, forward) { return result }
        x = forward.y
      }
      if let kept = try divide(x, level).kept { x = kept }
    }
    return nil
  }

  /// The round trip and the couplings' scales; there are no 1x1 convolutions.
  public func invertibility(on x: Tensor, labels: Tensor? = nil) throws -> InvertibilityReport {
    try check(x, labels)
    var report = InvertibilityReport(roundTripError: 0, conditionNumbers: [:], scaleRanges: [:])
    try withInference {
      _ = try firstResult(x) { name, layer, x, _ -> Void? in
        guard let coupling = layer as? MaskedCoupling else { return nil }
        let range = try coupling.scaleRange(x)
        report.scaleRanges[name] = [range.minimum, range.maximum]
        return nil
      }
      report.roundTripError = try (decode(encode(x)) - x).magnitude().maximum().item()
    }
    return report
  }

  public func firstNonFiniteLayer(_ x: Tensor, labels: Tensor? = nil) throws -> String? {
    func isFinite(_ tensor: Tensor) throws -> Bool {
      try tensor.isFinite().converted(to: .float32).minimum().item() == 1
    }
    return try withInference {
      guard try isFinite(x) else { return "the input" }
      return try firstResult(x) { name, _, _, forward in
        try isFinite(forward.y) && isFinite(forward.logDet) ? nil : name
      }
    }
  }
}

import Flows
import Torch

/// How well a model inverts on given images. (The question of the 1x1 convolution's invertibility: Glow, section 3.2.)
public struct InvertibilityReport: Codable, Sendable {
  /// Called with the name of an affine coupling and its scales.
  public typealias ScaleObserver = (String, Tensor) throws -> Void

  /// The largest |inverse(forward(x)) - x| over all elements, in units of the model's scale (1/256 is one 8-bit level).
  public var roundTripError = 0.0
  /// The condition number of every 1x1 convolution, by layer name.
  public var conditionNumbers: [String: Double] = [:]
  /// The smallest and largest scale of every affine coupling on these images, by layer name.
  public var scaleRanges: [String: [Double]] = [:]
  /// The mean log-determinant of every layer, in nats per image, by its name.
  public var logDeterminants: [String: Double] = [:]
  /// The largest error of every layer's own round trip, by its name: what `roundTripError` is made of.
  public var roundTripErrors: [String: Double] = [:]

  /// The 1x1 convolution with the largest condition number; nil for a model without any.
  public var worstCondition: (layer: String, value: Double)? { Self.largest(conditionNumbers) }
  /// The layer that inverts worst.
  public var worstRoundTrip: (layer: String, value: Double)? { Self.largest(roundTripErrors) }
  /// The affine coupling with the smallest scale; nil for a model without any.
  public var smallestScale: (layer: String, value: Double)? {
    Self.largest(scaleRanges.mapValues { -$0[0] }).map { ($0.layer, -$0.value) }
  }
  /// The affine coupling with the largest scale; nil for a model without any.
  public var largestScale: (layer: String, value: Double)? { Self.largest(scaleRanges.mapValues { $0[1] }) }

  /// What is no number counts as larger than any; of equal ones the first by name.
  private static func largest(_ values: [String: Double]) -> (layer: String, value: Double)? {
    func rank(_ value: Double) -> Double { value.isNaN ? .infinity : value }
    return values.max { (rank($0.value), $1.key) < (rank($1.value), $0.key) }.map { ($0.key, $0.value) }
  }

  /// Notes what `layer` does to `x`.
  /// - Returns: its output.
  mutating func add(
    _ name: String, _ layer: any Bijection, _ x: Tensor, under context: Context, _ observe: ScaleObserver?
  ) throws -> Tensor {
    let forward = try layer.forward(x, under: context, keep: false)
    logDeterminants[name] = try forward.logDet.mean().item()
    roundTripErrors[name] = try Self.error(x) { try layer.inverse(forward.y, under: context) }
    if let convolution = layer as? InvertibleConv1x1 { conditionNumbers[name] = try convolution.conditionNumber() }
    if let scales = try (layer as? any ElementScaling)?.scales(of: x, under: context) {
      scaleRanges[name] = [try scales.minimum().item(), try scales.maximum().item()]
      try observe?(name, scales)
    }
    return forward.y
  }

  /// The largest |rebuilt - x|: infinite where nothing can be rebuilt, as with a singular matrix.
  static func error(_ x: Tensor, _ rebuilt: () throws -> Tensor) throws -> Double {
    do { return try (rebuilt() - x).magnitude().maximum().item() } catch is TorchError { return .infinity }
  }
}

extension FlowModel {
  /// Measures what ``InvertibilityReport`` holds on the images `x`.
  public func invertibility(on x: Tensor, labels: Tensor? = nil) throws -> InvertibilityReport {
    try invertibility(on: x, labels: labels, observing: nil)
  }
}

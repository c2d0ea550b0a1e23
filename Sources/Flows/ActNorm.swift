import Torch

/// Activation normalisation (Glow, section 3.1): `y = s * (x + b)` per channel, `s = exp(factor * logScale)`.
///
/// ``initialize(from:)`` sets `b` and `s` so that the output has mean 0 and variance 1 per channel on that batch; from
/// then on they are ordinary parameters.
public final class ActNorm: Bijection {
  /// Added to the standard deviation, so that a constant channel gives a finite scale.
  static let epsilon = 1e-6

  public let bias: Parameter
  public let logScale: Parameter
  /// What `logScale` is multiplied by (3 in the released code).
  public let logScaleFactor: Double

  public var parameters: [Parameter] { [bias, logScale] }

  public init(_ name: String, channels: Int, logScaleFactor: Double = 1, like options: TensorOptions) throws {
    bias = try Parameter(name + ".bias", .zeros([channels], options.dtype, on: options.device))
    logScale = try Parameter(name + ".logScale", .zeros([channels], options.dtype, on: options.device))
    self.logScaleFactor = logScaleFactor
  }

  /// `s`, `[channel]`.
  func scale() throws -> Tensor { try (logScale.value * logScaleFactor).exponential() }

  /// Sets the parameters from rows `[count, channel]`.
  func setStatistics(of rows: Tensor) throws {
    let deviation = try rows.variance([0]).squareRoot() + Self.epsilon
    try bias.value.assign(-(try rows.mean([0])))
    try logScale.value.assign(try -deviation.logarithm() / logScaleFactor)
  }

  public func initialize(from x: Tensor) throws -> Tensor {
    try setStatistics(of: x.pixelRows())
    return try forward(x, keep: false).y
  }

  public func forward(_ x: Tensor, keep: Bool) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let y = try (x + bias.value) * scale()
    let logDet = try logScale.value.sum() * (logScaleFactor * Double(height * width))
    return Forward(y, logDet: try logDet.expanded(to: [batch]))
  }

  public func inverse(_ y: Tensor) throws -> Tensor { try y / scale() - bias.value }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (_, height, width, _) = y.imageSizes
    let gradX = try gradY * scale()
    try bias.gradient.addInPlace(gradX.sumPerChannel())
    let fromLogDet = try gradLogDet.sum() * Double(height * width)
    try logScale.gradient.addInPlace(try (gradY * y).sumPerChannel() + fromLogDet, scale: logScaleFactor)
    return (try inverse(y), gradX)
  }
}

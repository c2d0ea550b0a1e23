import Torch

/// Activation normalization (Glow, section 3.1): `y = s * (x + b)` per channel, `s = exp(factor * logScale)`.
///
/// ``initialize(from:under:)`` sets `b` and `s` so that the output has mean 0 and variance 1 per channel on that batch; from
/// then on they are ordinary parameters.
public final class ActNorm: Bijection {
  /// Added to the standard deviation, so that a constant channel gives a finite scale.
  static let epsilon = 1e-6
  private static let rowsPerPiece = 8192

  /// `b`, `[channel]`.
  public let bias: Parameter
  /// `log s` over ``logScaleFactor``, `[channel]`.
  public let logScale: Parameter
  /// What `logScale` is multiplied by (3 in the released code).
  public let logScaleFactor: Double

  public var parameters: [Parameter] { [bias, logScale] }

  /// The identity, until ``initialize(from:under:)`` has seen a batch.
  /// - Parameters:
  ///   - name: the path in the model, such as `level1.step3.actnorm`.
  ///   - logScaleFactor: 1 unless given; 3 in the released code.
  public init(_ name: String, channels: Int, logScaleFactor: Double = 1, like options: TensorOptions) throws {
    bias = try Parameter(name + ".bias", .zeros([channels], options.dtype, on: options.device))
    logScale = try Parameter(name + ".logScale", .zeros([channels], options.dtype, on: options.device))
    self.logScaleFactor = logScaleFactor
  }

  /// `s`, `[channel]`.
  func scale() throws -> Tensor { try (logScale.value * logScaleFactor).exponential() }

  /// Sets the parameters from `count` rows `[.., channel]` that `rows` makes piece by piece, so that no more than a piece
  /// of a large batch's activations is ever held. Pieces are joined in float64 (Chan, Golub & LeVeque 1979).
  func setStatistics(count: Int, rows: (Range<Int>) throws -> Tensor) throws {
    var mean = try bias.value.converted(to: .float64) * 0
    var squares = mean
    for start in stride(from: 0, to: count, by: Self.rowsPerPiece) {
      let range = start..<min(count, start + Self.rowsPerPiece)
      let piece = try rows(range)
      let weight = Double(range.count) / Double(range.upperBound)
      let difference = try piece.mean([0]).converted(to: .float64) - mean
      let own = try piece.variance([0]).converted(to: .float64) * Double(range.count)
      squares = try squares + own + difference.squared() * (Double(start) * weight)
      mean = try mean + difference * weight
    }
    let deviation = try (squares / Double(count)).squareRoot() + Self.epsilon
    try bias.value.assign(-mean.converted(to: bias.value.dtype))
    try logScale.value.assign((-deviation.logarithm() / logScaleFactor).converted(to: bias.value.dtype))
  }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    let rows = try x.pixelRows()
    try setStatistics(count: rows.shape[0]) { try rows.narrowed(0, $0) }
    return try forward(x, keep: false).y
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let y = try (x + bias.value) * scale()
    let logDet = try logScale.value.sum() * (logScaleFactor * Double(height * width))
    return Forward(y, logDet: try logDet.expanded(to: [batch]))
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor { try y / scale() - bias.value }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (_, height, width, _) = y.imageSizes
    let gradX = try gradY * scale()
    try bias.gradient.addInPlace(gradX.sumPerChannel())
    let fromLogDet = try gradLogDet.sum() * Double(height * width)
    try logScale.gradient.addInPlace(try (gradY * y).sumPerChannel() + fromLogDet, scale: logScaleFactor)
    return (try inverse(y), gradX)
  }
}

import Foundation
import Torch

/// The invertible 1x1 convolution (Glow, section 3.2): `y = W x` at every pixel, starting as a random rotation.
///
/// The matrix is held plain, with log|det| = H * W * log|det W|, or factored as `W = P L (U + diag(sign * exp(logDiagonal)))`
/// with `P` and `sign` fixed (equation 10): then log|det| = H * W * sum(logDiagonal) and no update can make it singular.
/// The small matrices are composed and inverted in float64.
public final class InvertibleConv1x1: Bijection {
  enum Form {
    case plain(weight: Parameter)
    case factored(LUFactors)
  }

  let form: Form
  /// C: the matrix is `[C, C]`.
  public let channels: Int

  public var parameters: [Parameter] {
    switch form {
    case .plain(let weight): [weight]
    case .factored(let factors): factors.parameters
    }
  }

  public var buffers: [Buffer] {
    switch form {
    case .plain: []
    case .factored(let factors): factors.buffers
    }
  }

  /// Starts as a random rotation, the Q of the QR decomposition of a matrix of standard normal numbers.
  /// - Parameters:
  ///   - name: the path in the model, such as `level1.step3.permutation`.
  ///   - factored: whether the matrix is held as its factors P, L and U, and not plain.
  public init(
    _ name: String, channels: Int, factored: Bool, like options: TensorOptions, using generator: Generator
  ) throws {
    self.channels = channels
    let rotation = try Tensor.normal([channels, channels], .float64, using: generator).qr().q
    func stored(_ tensor: Tensor) throws -> Tensor { try tensor.converted(to: options.dtype, on: options.device) }
    guard factored else {
      form = .plain(weight: try Parameter(name + ".weight", stored(rotation.copy())))
      return
    }
    form = .factored(try LUFactors(name, of: rotation, like: options))
  }

  /// `W`, `[channel, channel]`, float64.
  public func matrix() throws -> Tensor {
    switch form {
    case .plain(let weight): return try weight.value.converted(to: .float64)
    case .factored(let stored):
      let factors = try stored.composed()
      return try factors.permutation.matmul(factors.lower.matmul(factors.upper))
    }
  }

  /// log|det W|, a scalar in float64.
  func logDeterminant() throws -> Tensor {
    switch form {
    case .plain(let weight): try weight.value.converted(to: .float64).signAndLogDeterminant().logDeterminant
    case .factored(let factors): try factors.logDiagonal.value.converted(to: .float64).sum()
    }
  }

  /// The ratio of the largest to the smallest singular value of `W`.
  public func conditionNumber() throws -> Double {
    let values = try matrix().singularValues().elements(Double.self)
    return values[0] / values[values.count - 1]
  }

  /// Adds to the parameters' gradients.
  /// - Parameters:
  ///   - gradient: with respect to `W`, `[channel, channel]`, float64.
  ///   - logDetGradient: with respect to log|det W|, a scalar in float64.
  func accumulate(_ gradient: Tensor, logDetGradient: Tensor) throws {
    func add(_ contribution: Tensor, to parameter: Parameter) throws {
      try parameter.gradient.addInPlace(contribution.converted(to: parameter.value.dtype))
    }
    switch form {
    case .plain(let weight):
      let inverseTranspose = try matrix().inverse().transposed
      try add(gradient + logDetGradient * inverseTranspose, to: weight)
    case .factored(let stored):
      let factors = try stored.composed()
      let inner = try factors.permutation.transposed.matmul(gradient)
      let upperGradient = try factors.lower.transposed.matmul(inner)
      try add(inner.matmul(factors.upper.transposed).lowerTriangle(diagonal: -1), to: stored.lower)
      try add(upperGradient.upperTriangle(diagonal: 1), to: stored.upper)
      try add(upperGradient.diagonal() * factors.signedDiagonal + logDetGradient, to: stored.logDiagonal)
    }
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let y = try x.matmul(matrix().transposed.converted(to: x.dtype))
    let logDet = try logDeterminant().converted(to: x.dtype) * Double(height * width)
    return Forward(y, logDet: try logDet.expanded(to: [batch]))
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    try y.matmul(matrix().inverse().transposed.converted(to: y.dtype))
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (_, height, width, _) = y.imageSizes
    let x = try inverse(y)
    let gradient = try gradY.pixelRows().transposed.matmul(x.pixelRows()).converted(to: .float64)
    let gradX = try gradY.matmul(matrix().converted(to: y.dtype))
    try accumulate(gradient, logDetGradient: gradLogDet.sum().converted(to: .float64) * Double(height * width))
    return (x, gradX)
  }
}

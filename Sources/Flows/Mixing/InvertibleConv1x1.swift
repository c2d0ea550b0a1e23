import Foundation
import Torch

/// The invertible 1x1 convolution (Glow, section 3.2): `y = W x` at every pixel, starting as a random rotation.
///
/// The matrix is held plain, with log|det| = H * W * log|det W|, or factored as `W = P L (U + diag(sign * exp(logDiagonal)))`
/// with `P` and `sign` fixed (equation 10): then log|det| = H * W * sum(logDiagonal) and no update can make it singular.
/// The small matrices are composed and inverted in float64.
public final class InvertibleConv1x1: Bijection {
  private enum Form {
    case plain(weight: Parameter)
    case factored(lower: Parameter, upper: Parameter, logDiagonal: Parameter, permutation: Buffer, sign: Buffer)
  }

  private let form: Form
  public let channels: Int

  public var parameters: [Parameter] {
    switch form {
    case .plain(let weight): [weight]
    case .factored(let lower, let upper, let logDiagonal, _, _): [lower, upper, logDiagonal]
    }
  }

  public var buffers: [Buffer] {
    switch form {
    case .plain: []
    case .factored(_, _, _, let permutation, let sign): [permutation, sign]
    }
  }

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
    let (p, l, u) = try rotation.plu()
    let diagonal = try u.diagonal()
    // Row i of L (U + D) is row `permutation[i]` of W.
    let permutation = try p.argmax(0)
    form = .factored(
      lower: try Parameter(name + ".lower", stored(l.lowerTriangle(diagonal: -1))),
      upper: try Parameter(name + ".upper", stored(u.upperTriangle(diagonal: 1))),
      logDiagonal: try Parameter(name + ".logDiagonal", stored(diagonal.magnitude().logarithm())),
      permutation: Buffer(name + ".permutation", try permutation.converted(to: .int64, on: options.device)),
      sign: Buffer(name + ".sign", try stored(diagonal.sign())))
  }

  /// The factors in float64, when the matrix is held factored.
  private struct Factors {
    let lower: Tensor
    let upper: Tensor
    let signedDiagonal: Tensor
    /// `[channel, channel]`, with `W = P L U`.
    let permutation: Tensor
  }

  private func factors(
    _ lower: Parameter, _ upper: Parameter, _ logDiagonal: Parameter, _ permutation: Buffer, _ sign: Buffer
  ) throws -> Factors {
    let identity = try Tensor.identity(channels, .float64, on: lower.value.device)
    let diagonal = try sign.value.converted(to: .float64) * logDiagonal.value.converted(to: .float64).exponential()
    return Factors(
      lower: try lower.value.converted(to: .float64).lowerTriangle(diagonal: -1) + identity,
      upper: try upper.value.converted(to: .float64).upperTriangle(diagonal: 1) + diagonal.diagonal(),
      signedDiagonal: diagonal,
      permutation: try identity.selecting(permutation.value, alongDimension: 0).transposed)
  }

  /// `W`, `[channel, channel]`, float64.
  public func matrix() throws -> Tensor {
    switch form {
    case .plain(let weight): return try weight.value.converted(to: .float64)
    case .factored(let lower, let upper, let logDiagonal, let permutation, let sign):
      let factors = try factors(lower, upper, logDiagonal, permutation, sign)
      return try factors.permutation.matmul(factors.lower.matmul(factors.upper))
    }
  }

  /// log|det W|, a scalar in float64.
  func logDeterminant() throws -> Tensor {
    switch form {
    case .plain(let weight): try weight.value.converted(to: .float64).signAndLogDeterminant().logDeterminant
    case .factored(_, _, let logDiagonal, _, _): try logDiagonal.value.converted(to: .float64).sum()
    }
  }

  /// The same factors as ``Factors`` in Swift's own memory; row i of `lower * upper` is row `order[i]` of `W`.
  private struct HostFactors {
    let lower: SmallMatrix
    let upper: SmallMatrix
    let signedDiagonal: [Double]
    let order: [Int]

    var inverseOrder: [Int] {
      var inverse = order
      for (row, place) in order.enumerated() { inverse[place] = row }
      return inverse
    }
  }

  private func hostFactors(
    _ lower: Parameter, _ upper: Parameter, _ logDiagonal: Parameter, _ permutation: Buffer, _ sign: Buffer
  ) throws -> HostFactors {
    let (below, above) = (try SmallMatrix(lower.value), try SmallMatrix(upper.value))
    let logs: [Double] = try logDiagonal.value.elements()
    let signs: [Double] = try sign.value.elements()
    let diagonal = zip(signs, logs).map { $0 * exp($1) }
    return HostFactors(
      lower: SmallMatrix(size: channels) { $0 > $1 ? below[$0, $1] : $0 == $1 ? 1 : 0 },
      upper: SmallMatrix(size: channels) { $0 < $1 ? above[$0, $1] : $0 == $1 ? diagonal[$0] : 0 },
      signedDiagonal: diagonal, order: try permutation.value.elements(Int64.self).map { Int($0) })
  }

  /// As ``matrix()``.
  func hostMatrix() throws -> SmallMatrix {
    switch form {
    case .plain(let weight): return try SmallMatrix(weight.value)
    case .factored(let lower, let upper, let logDiagonal, let permutation, let sign):
      let factors = try hostFactors(lower, upper, logDiagonal, permutation, sign)
      return (factors.lower * factors.upper).takingRows(factors.inverseOrder)
    }
  }

  /// log|det| of `matrix`, which ``hostMatrix()`` gave.
  func hostLogDeterminant(of matrix: SmallMatrix) throws -> Double {
    switch form {
    case .plain: matrix.logDeterminant
    case .factored(_, _, let logDiagonal, _, _): try logDiagonal.value.elements(Double.self).reduce(0, +)
    }
  }

  /// As ``accumulate(_:logDetGradient:)``.
  func accumulate(_ gradient: SmallMatrix, logDetGradient: Double) throws {
    func add(_ contribution: [Double], to parameter: Parameter) throws {
      let tensor = try Tensor(contribution, shape: parameter.value.shape)
      try parameter.gradient.addInPlace(tensor.converted(to: parameter.value.dtype))
    }
    switch form {
    case .plain(let weight):
      let inverse = try SmallMatrix(weight.value).inverted().inverse
      let total = SmallMatrix(size: channels) { gradient[$0, $1] + logDetGradient * inverse[$1, $0] }
      try add(total.elements, to: weight)
    case .factored(let lower, let upper, let logDiagonal, let permutation, let sign):
      let factors = try hostFactors(lower, upper, logDiagonal, permutation, sign)
      let inner = gradient.takingRows(factors.order)
      let upperGradient = factors.lower.transposed * inner
      try add((inner * factors.upper.transposed).strictlyLower.elements, to: lower)
      try add(upperGradient.strictlyUpper.elements, to: upper)
      try add(zip(upperGradient.diagonal, factors.signedDiagonal).map { $0 * $1 + logDetGradient }, to: logDiagonal)
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
    case .factored(let lower, let upper, let logDiagonal, let permutation, let sign):
      let factors = try factors(lower, upper, logDiagonal, permutation, sign)
      let inner = try factors.permutation.transposed.matmul(gradient)
      let upperGradient = try factors.lower.transposed.matmul(inner)
      try add(inner.matmul(factors.upper.transposed).lowerTriangle(diagonal: -1), to: lower)
      try add(upperGradient.upperTriangle(diagonal: 1), to: upper)
      try add(upperGradient.diagonal() * factors.signedDiagonal + logDetGradient, to: logDiagonal)
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

import Foundation
import Torch

/// `W = P L (U + diag(sign * exp(logDiagonal)))` as the parameters and buffers of a 1x1 convolution (Glow, equation 10):
/// `L` is below the diagonal, with ones on it, and `U` above.
struct LUFactors {
  /// `[channel, channel]`, as is `upper`.
  let lower: Parameter
  let upper: Parameter
  /// `[channel]`, as are the next two.
  let logDiagonal: Parameter
  /// Row i of `L (U + D)` is row `permutation[i]` of `W`.
  let permutation: Buffer
  let sign: Buffer

  var parameters: [Parameter] { [lower, upper, logDiagonal] }
  var buffers: [Buffer] { [permutation, sign] }
  private var channels: Int { logDiagonal.value.elementCount }

  /// The factors of a matrix, `[channel, channel]`, float64.
  init(_ name: String, of matrix: Tensor, like options: TensorOptions) throws {
    func stored(_ tensor: Tensor) throws -> Tensor { try tensor.converted(to: options.dtype, on: options.device) }
    let (p, l, u) = try matrix.plu()
    let diagonal = try u.diagonal()
    lower = try Parameter(name + ".lower", stored(l.lowerTriangle(diagonal: -1)))
    upper = try Parameter(name + ".upper", stored(u.upperTriangle(diagonal: 1)))
    logDiagonal = try Parameter(name + ".logDiagonal", stored(diagonal.magnitude().logarithm()))
    permutation = Buffer(name + ".permutation", try p.argmax(0).converted(to: .int64, on: options.device))
    sign = Buffer(name + ".sign", try stored(diagonal.sign()))
  }

  /// The factors in float64: `W = permutation * lower * upper`.
  struct Composed {
    let lower: Tensor
    let upper: Tensor
    let signedDiagonal: Tensor
    let permutation: Tensor
  }

  func composed() throws -> Composed {
    let identity = try Tensor.identity(channels, .float64, on: lower.value.device)
    let diagonal = try sign.value.converted(to: .float64) * logDiagonal.value.converted(to: .float64).exponential()
    return Composed(
      lower: try lower.value.converted(to: .float64).lowerTriangle(diagonal: -1) + identity,
      upper: try upper.value.converted(to: .float64).upperTriangle(diagonal: 1) + diagonal.diagonal(),
      signedDiagonal: diagonal,
      permutation: try identity.selecting(permutation.value, alongDimension: 0).transposed)
  }

  /// The same in Swift's own memory; row i of `lower * upper` is row `order[i]` of `W`.
  struct ComposedOnHost {
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

  func composedOnHost() throws -> ComposedOnHost {
    let (below, above) = (try SmallMatrix(lower.value), try SmallMatrix(upper.value))
    let logs: [Double] = try logDiagonal.value.elements()
    let signs: [Double] = try sign.value.elements()
    let diagonal = zip(signs, logs).map { $0 * exp($1) }
    return ComposedOnHost(
      lower: SmallMatrix(size: channels) { $0 > $1 ? below[$0, $1] : $0 == $1 ? 1 : 0 },
      upper: SmallMatrix(size: channels) { $0 < $1 ? above[$0, $1] : $0 == $1 ? diagonal[$0] : 0 },
      signedDiagonal: diagonal, order: try permutation.value.elements(Int64.self).map { Int($0) })
  }
}

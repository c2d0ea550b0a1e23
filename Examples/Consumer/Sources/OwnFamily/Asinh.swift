import Flows
import Torch

/// A layer: `y = asinh(s * x)`, with a learned scale `s` per channel. It draws in what lies far out.
final class Asinh: Bijection {
  let logScale: Parameter
  var parameters: [Parameter] { [logScale] }

  init(_ name: String, channels: Int, like options: TensorOptions) throws {
    logScale = try Parameter(name + ".logScale", .zeros([channels], options.dtype, on: options.device))
  }

  /// s and sqrt(1 + (s x)^2): the derivative is their quotient.
  private func parts(of x: Tensor) throws -> (scale: Tensor, root: Tensor) {
    let scale = try logScale.value.exponential()
    return (scale, try ((x * scale).squared() + 1).squareRoot())
  }

  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (scale, root) = try parts(of: x)
    return Forward(
      try (x * scale + root).logarithm(), logDet: try logDetPerPosition(x, under: context).sum([1, 2]))
  }

  func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    try (y.exponential() - (-y).exponential()) / (2 * logScale.value.exponential())
  }

  /// Positions differ, so that the usual equal parts would be wrong.
  func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    try (logScale.value - parts(of: x).root.logarithm()).sum([3])
  }
}

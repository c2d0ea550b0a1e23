import CTorch
import Torch

/// The map of a masked step at every pixel, `y = (x + shift) * s(raw)`, as one kernel, for tensors that ``Tensor/runsKernels``.
struct PixelMapKernel: Sendable {
  let scale: CouplingTransform.Scale

  /// - Parameters:
  ///   - x: `[batch, height, width, channel]`.
  ///   - output: the conditioner's, `[batch, height, width, outputs]`.
  /// - Returns: the image, and the sum of the scales' logarithms, `[batch]`.
  func forward(_ x: Tensor, output: Tensor) throws -> (y: Tensor, logDet: Tensor) {
    var map = code
    return try madePair("pixelMap", [x, output]) { ct_pixel_map_forward(&map, x.handle, output.handle, $0, $1) }
  }

  /// - Returns: the gradients with respect to the input, as far as it does not go through the conditioner, and to the
  ///   conditioner's output.
  func backward(
    _ x: Tensor, output: Tensor, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (input: Tensor, output: Tensor) {
    var map = code
    return try madePair("pixelMapBackward", [x, output, gradY, gradLogDet]) {
      ct_pixel_map_backward(&map, x.handle, output.handle, gradY.handle, gradLogDet.handle, $0, $1)
    }
  }

  var code: ct_coupling {
    let (kind, minimum) = scale.code
    return ct_coupling(scale: kind, minimum: minimum)
  }
}

import CTorch
import Torch

/// The elementwise map of a coupling or of a masked step as one kernel, for tensors that ``Tensor/runsKernels``.
///
/// A pixel keeps its first `kept` channels. The others become `(x + shift) * s(raw)`, with all shifts before all raw scales in
/// the conditioner's output; without a scale they become `x + output`.
struct ShiftScaleKernel: Sendable {
  let scale: CouplingTransform.Scale?
  /// Channels: half of them in a coupling, none in a masked step.
  let kept: Int

  /// - Parameters:
  ///   - x: `[batch, height, width, channel]`.
  ///   - output: the conditioner's, `[batch, height, width, outputs]`.
  /// - Returns: the image, and the sum of the scales' logarithms, `[batch]`.
  func forward(_ x: Tensor, output: Tensor) throws -> (y: Tensor, logDet: Tensor) {
    var map = code
    return try madePair("shiftScale", [x, output]) { ct_shift_scale_forward(&map, x.handle, output.handle, $0, $1) }
  }

  func inverse(_ y: Tensor, output: Tensor) throws -> Tensor {
    var map = code
    return try made("shiftScaleInverse", [y, output]) { ct_shift_scale_inverse(&map, y.handle, output.handle, $0) }
  }

  /// - Returns: the input, and the gradient with respect to the conditioner's output, whose shifts are also that with
  ///   respect to what is not kept of the input.
  func backward(
    y: Tensor, output: Tensor, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradOutput: Tensor) {
    var map = code
    return try madePair("shiftScaleBackward", [y, output, gradY, gradLogDet]) {
      ct_shift_scale_backward(&map, y.handle, output.handle, gradY.handle, gradLogDet.handle, $0, $1)
    }
  }

  /// As ``backward(y:output:gradY:gradLogDet:)``, where the input is at hand.
  /// - Returns: the gradients with respect to the input, as far as it does not go through the conditioner, and to the
  ///   conditioner's output.
  func backward(
    x: Tensor, output: Tensor, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (input: Tensor, output: Tensor) {
    var map = code
    return try madePair("shiftScaleBackwardOfInput", [x, output, gradY, gradLogDet]) {
      ct_shift_scale_backward_of_input(&map, x.handle, output.handle, gradY.handle, gradLogDet.handle, $0, $1)
    }
  }

  /// The gradient with respect to the whole input.
  /// - Parameters:
  ///   - gradKept: that of a conditioner with respect to its own input, the kept channels.
  ///   - gradOutput: from ``backward(y:output:gradY:gradLogDet:)``.
  func join(gradY: Tensor, gradKept: Tensor, gradOutput: Tensor) throws -> Tensor {
    var map = code
    return try made("shiftScaleJoin", [gradY, gradKept, gradOutput]) {
      ct_shift_scale_join(&map, gradY.handle, gradKept.handle, gradOutput.handle, $0)
    }
  }

  var code: ct_shift_scale {
    let (kind, minimum) = scale?.code ?? (CT_SCALE_NONE, 0)
    return ct_shift_scale(scale: kind, minimum: minimum, kept: Int64(kept))
  }
}

extension CouplingTransform.Scale {
  /// As the kernels know it, with the lower bound of a sigmoid scale.
  fileprivate var code: (kind: ct_scale, minimum: Double) {
    switch self {
    case .sigmoid(let minimum): (CT_SCALE_SIGMOID, minimum)
    case .exponential: (CT_SCALE_EXPONENTIAL, 0)
    case .bounded: (CT_SCALE_BOUNDED, 0)
    case .rescaledTanh: preconditionFailure("no kernel rescales")
    }
  }
}

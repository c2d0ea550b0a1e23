import CTorch
import Torch

/// The elementwise map of a coupling layer as one kernel, for tensors that ``Tensor/runsKernels``.
///
/// The second half of the channels becomes `(x + shift) * s(raw)`, with the shifts in the first half of the conditioner's
/// output and the raw scales in the second; without a scale it becomes `x + output`.
struct CouplingKernel: Sendable {
  let scale: CouplingTransform.Scale?

  init(_ scale: CouplingTransform.Scale?) { self.scale = scale }

  /// - Parameters:
  ///   - x: `[batch, height, width, channel]`.
  ///   - output: the conditioner's, of as many channels, or half as many without a scale.
  /// - Returns: the image, and the sum of the scales' logarithms, `[batch]`.
  func forward(_ x: Tensor, output: Tensor) throws -> (y: Tensor, logDet: Tensor) {
    var kernel = code
    return try madePair("coupling", [x, output]) { ct_coupling_forward(&kernel, x.handle, output.handle, $0, $1) }
  }

  func inverse(_ y: Tensor, output: Tensor) throws -> Tensor {
    var kernel = code
    return try made("couplingInverse", [y, output]) { ct_coupling_inverse(&kernel, y.handle, output.handle, $0) }
  }

  /// - Returns: the input, and the gradient with respect to the conditioner's output, whose shifts are also that with
  ///   respect to the second half of the input.
  func backward(
    y: Tensor, output: Tensor, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradOutput: Tensor) {
    var kernel = code
    return try madePair("couplingBackward", [y, output, gradY, gradLogDet]) {
      ct_coupling_backward(&kernel, y.handle, output.handle, gradY.handle, gradLogDet.handle, $0, $1)
    }
  }

  /// The gradient with respect to the whole input, from ``backward(y:output:gradY:gradLogDet:)`` and the gradient that
  /// the conditioner has with respect to its input.
  static func join(gradY: Tensor, gradKept: Tensor, gradOutput: Tensor) throws -> Tensor {
    try made("couplingJoin", [gradY, gradKept, gradOutput]) {
      ct_coupling_join(gradY.handle, gradKept.handle, gradOutput.handle, $0)
    }
  }

  private var code: ct_coupling {
    let (kind, minimum) = scale?.code ?? (CT_SCALE_NONE, 0)
    return ct_coupling(scale: kind, minimum: minimum)
  }
}

extension CouplingTransform.Scale {
  /// As the kernels know it, with the lower bound of a sigmoid scale.
  var code: (kind: ct_scale, minimum: Double) {
    switch self {
    case .sigmoid(let minimum): (CT_SCALE_SIGMOID, minimum)
    case .exponential: (CT_SCALE_EXPONENTIAL, 0)
    case .bounded: (CT_SCALE_BOUNDED, 0)
    case .rescaledTanh: preconditionFailure("no kernel rescales")
    }
  }
}

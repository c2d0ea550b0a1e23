import Torch

/// The elementwise map of one coupling for given conditioner outputs, as a sequence of libtorch's operations: on any device
/// and under autograd.
struct CouplingMap {
  let shift: Tensor
  /// Nil for an additive coupling.
  let scale: Tensor?
  private let function: CouplingTransform.Scale?
  /// What the scale is a function of: the conditioner's second half, or its hyperbolic tangent where that is rescaled.
  private let raw: Tensor?
  private let rescale: Tensor?
  /// 1 at the pixels that a checkerboard transforms, `[1, height, width, 1]`; the map is the identity at the others.
  private let pixels: Tensor?

  /// - Parameters:
  ///   - output: shifts first, then what gives the scales.
  ///   - rescale: `[1]`, of a rescaled scale.
  init(_ output: Tensor, _ transform: CouplingTransform, rescale: Tensor?, transformedPixels pixels: Tensor?) throws {
    self.pixels = pixels
    self.rescale = rescale
    guard case .affine(let function) = transform else {
      (shift, scale, self.function, raw) = (try Self.masked(output, pixels), nil, nil, nil)
      return
    }
    let (first, second) = try output.splitLast(at: output.shape[3] / 2)
    shift = try Self.masked(first, pixels)
    self.function = function
    if case .rescaledTanh = function {
      let tanh = try Self.masked(second.tanh(), pixels)
      (raw, scale) = (tanh, try (tanh * rescale!).exponential())
    } else {
      let everywhere = try Self.scale(function, second)
      (raw, scale) = (second, try pixels.map { try everywhere * $0 + (1 - $0) } ?? everywhere)
    }
  }

  private static func scale(_ function: CouplingTransform.Scale, _ raw: Tensor) throws -> Tensor {
    switch function {
    case .sigmoid(let minimum):
      let open = try (raw + 2).sigmoid()
      return minimum == 0 ? open : try open * (1 - minimum) + minimum
    case .exponential: return try raw.exponential()
    case .bounded: return try raw.tanh().exponential()
    case .rescaledTanh: preconditionFailure("a rescaled scale needs what rescales it")
    }
  }

  private static func masked(_ tensor: Tensor, _ pixels: Tensor?) throws -> Tensor {
    try pixels.map { try tensor * $0 } ?? tensor
  }

  private func masked(_ tensor: Tensor) throws -> Tensor { try Self.masked(tensor, pixels) }

  func apply(_ x: Tensor) throws -> Tensor {
    let shifted = try x + shift
    return try scale.map { try shifted * $0 } ?? shifted
  }

  func invert(_ y: Tensor) throws -> Tensor { try (scale.map { try y / $0 } ?? y) - shift }

  /// The log-determinant in nats per image, `[batch]`.
  func logDet(like x: Tensor) throws -> Tensor {
    guard let scale, let raw, let function else { return try .zeros([x.shape[0]], x.dtype, on: x.device) }
    return switch function {
    case .sigmoid(minimum: 0): try masked((raw + 2).logSigmoid()).sumPerImage()
    case .sigmoid: try scale.logarithm().sumPerImage()
    case .exponential: try masked(raw).sumPerImage()
    case .bounded: try masked(raw.tanh()).sumPerImage()
    case .rescaledTanh: try (raw * rescale!).sumPerImage()
    }
  }

  /// The gradients with respect to what is transformed, to the conditioner's output, and to what rescales the scale.
  func backward(
    y: Tensor, _ gradY: Tensor, gradLogDet: Tensor
  ) throws -> (input: Tensor, output: Tensor, rescale: Tensor?) {
    guard let scale, let raw, let function else { return (gradY, try masked(gradY), nil) }
    let gradShift = try gradY * scale
    let gradLogScale = try gradY * y + gradLogDet.reshaped([-1, 1, 1, 1])
    let gradRaw: Tensor
    switch function {
    case .sigmoid(minimum: 0):
      gradRaw = try gradLogScale * (1 - scale)
    case .sigmoid(let minimum):
      let open = try (raw + 2).sigmoid()
      gradRaw = try gradLogScale * (open * (1 - open) * (1 - minimum) / scale)
    case .exponential:
      gradRaw = gradLogScale
    case .bounded:
      gradRaw = try gradLogScale * (1 - raw.tanh().squared())
    case .rescaledTanh:
      gradRaw = try gradLogScale * (1 - raw.squared()) * rescale!
    }
    let output = try masked(.concatenating([gradShift, gradRaw], alongDimension: -1))
    return (gradShift, output, rescale == nil ? nil : try (gradLogScale * raw).sum().reshaped([1]))
  }
}

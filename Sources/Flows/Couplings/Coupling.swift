import Torch

/// A coupling layer: the first half of the channels (`kept`) passes through and conditions the map of the second half
/// (`transformed`). (Glow, section 3.3.)
public final class Coupling: ElementScaling {
  public let conditioner: any Conditioner
  public let transform: CouplingTransform

  public var parameters: [Parameter] { conditioner.parameters }
  public var buffers: [Buffer] { conditioner.buffers }
  public var statistics: [RunningStatistics] { conditioner.statistics }

  /// - Parameter conditioner: from `channels / 2` to `channels / 2 * transform.outputsPerChannel` channels, shifts first.
  public init(_ transform: CouplingTransform, conditioner: any Conditioner) {
    self.transform = transform
    self.conditioner = conditioner
  }

  public func use(_ precision: ConditionerPrecision) { conditioner.use(precision) }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try apply(conditioner.initialize(from: halves(x).kept, under: context), to: x).y
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (output, saved) = try conditioner.forward(halves(x).kept, under: context, keep: keep)
    let (y, logDet) = try apply(output, to: x)
    return Forward(y, logDet: logDet, saved: keep ? Saved(output: output, conditioner: saved) : .nothing)
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let (kept, transformed) = try halves(y)
    let output = try conditioner.forward(kept, under: context, keep: false).output
    guard runsKernels(y, output) else {
      return try .concatenating([kept, ElementMap(output, transform).invert(transformed)], alongDimension: -1)
    }
    return try kernel.inverse(y, output: output)
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (kept, transformed) = try halves(y)
    let (output, inner) = try saved.conditioned ?? conditioner.forward(kept, under: context, keep: true)
    guard runsKernels(y, output) else {
      let map = try ElementMap(output, transform)
      let (gradKept, gradTransformed) = try halves(gradY)
      let (gradInput, gradOutput) = try map.backward(y: transformed, gradTransformed, gradLogDet: gradLogDet)
      let through = try conditioner.backward(x: kept, saved: inner, gradOutput: gradOutput, under: context)
      return (
        try .concatenating([kept, map.invert(transformed)], alongDimension: -1),
        try .concatenating([gradKept + through, gradInput], alongDimension: -1)
      )
    }
    let (x, gradOutput) = try kernel.backward(y: y, output: output, gradY: gradY, gradLogDet: gradLogDet)
    let through = try conditioner.backward(x: kept, saved: inner, gradOutput: gradOutput, under: context)
    return (x, try CouplingKernel.join(gradY: gradY, gradKept: through, gradOutput: gradOutput))
  }

  private func apply(_ output: Tensor, to x: Tensor) throws -> (y: Tensor, logDet: Tensor) {
    guard runsKernels(x, output) else {
      let (kept, transformed) = try halves(x)
      let map = try ElementMap(output, transform)
      return (
        try .concatenating([kept, map.apply(transformed)], alongDimension: -1), try map.logDet(like: x)
      )
    }
    return try kernel.forward(x, output: output)
  }

  private var kernel: CouplingKernel {
    switch transform {
    case .additive: CouplingKernel(nil)
    case .affine(let scale): CouplingKernel(scale)
    }
  }

  private func runsKernels(_ x: Tensor, _ output: Tensor) -> Bool { x.runsKernels && output.runsKernels }

  public func scales(of x: Tensor, under context: Context) throws -> Tensor? {
    try ElementMap(conditioner.forward(halves(x).kept, under: context, keep: false).output, transform).scale
  }

  private func halves(_ x: Tensor) throws -> (kept: Tensor, transformed: Tensor) {
    let channels = x.imageSizes.channels
    precondition(channels % 2 == 0, "a coupling needs an even number of channels, not \(channels)")
    return try x.splitLast(at: channels / 2)
  }
}

/// The elementwise map of one coupling for given conditioner outputs, as a sequence of libtorch's operations: on any device
/// and under autograd.
private struct ElementMap {
  let shift: Tensor
  /// Nil for an additive coupling.
  let scale: Tensor?
  private let raw: Tensor?
  private let function: CouplingTransform.Scale?

  init(_ output: Tensor, _ transform: CouplingTransform) throws {
    switch transform {
    case .additive:
      (shift, raw, scale, function) = (output, nil, nil, nil)
    case .affine(let function):
      let (first, second) = try output.splitLast(at: output.shape[3] / 2)
      (shift, raw, self.function) = (first, second, function)
      switch function {
      case .sigmoid(let minimum):
        let open = try (second + 2).sigmoid()
        scale = minimum == 0 ? open : try open * (1 - minimum) + minimum
      case .exponential:
        scale = try second.exponential()
      case .bounded:
        scale = try second.tanh().exponential()
      }
    }
  }

  func apply(_ x: Tensor) throws -> Tensor {
    let shifted = try x + shift
    return try scale.map { try shifted * $0 } ?? shifted
  }

  func invert(_ y: Tensor) throws -> Tensor { try (scale.map { try y / $0 } ?? y) - shift }

  /// Per image, `[batch]`.
  func logDet(like x: Tensor) throws -> Tensor {
    guard let scale, let raw, let function else { return try .zeros([x.shape[0]], x.dtype, on: x.device) }
    return switch function {
    case .sigmoid(minimum: 0): try (raw + 2).logSigmoid().sumPerImage()
    case .sigmoid: try scale.logarithm().sumPerImage()
    case .exponential: try raw.sumPerImage()
    case .bounded: try raw.tanh().sumPerImage()
    }
  }

  /// The gradients with respect to the transformed half of the input and to the conditioner's output.
  func backward(y: Tensor, _ gradY: Tensor, gradLogDet: Tensor) throws -> (input: Tensor, output: Tensor) {
    guard let scale, let raw, let function else { return (gradY, gradY) }
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
    }
    return (gradShift, try .concatenating([gradShift, gradRaw], alongDimension: -1))
  }
}

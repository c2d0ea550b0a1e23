import Torch

/// An affine coupling of RealNVP (section 3.4): what its mask keeps conditions the map of the rest,
/// `y = (x + shift) * exp(s)` with `s = rescale * tanh(raw)` and one learned `rescale` (section 4.1). The paper's equation 8
/// adds the shift after the scale; the released code, as here, before it.
public final class MaskedCoupling: ElementScaling {
  public let mask: CouplingMask
  public let conditioner: any Conditioner
  /// `[1]`.
  private let rescale: Parameter

  public var parameters: [Parameter] { [rescale] + conditioner.parameters }
  public var buffers: [Buffer] { conditioner.buffers }
  public var statistics: [RunningStatistics] { conditioner.statistics }

  /// - Parameters:
  ///   - conditioner: from the kept half of the channels to twice as many, shifts first; under a checkerboard from all
  ///     channels, those of the other pixels being zero, to twice as many.
  ///   - rescale: what it starts from; 0 starts the scales at 1.
  public init(
    _ name: String, mask: CouplingMask, conditioner: any Conditioner, rescale: Double, like options: TensorOptions
  ) throws {
    self.mask = mask
    self.conditioner = conditioner
    self.rescale = try Parameter(name + ".rescale", .full(rescale, [1], options.dtype, on: options.device))
  }

  public func use(_ precision: ConditionerPrecision) { conditioner.use(precision) }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    let parts = try divide(x)
    return try join(
      parts, map(conditioner.initialize(from: parts.kept, under: context), parts).apply(parts.transformed))
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let parts = try divide(x)
    let (output, saved) = try conditioner.forward(parts.kept, under: context, keep: keep)
    let map = try map(output, parts)
    return Forward(
      try join(parts, map.apply(parts.transformed)), logDet: try map.logScale.sumPerImage(),
      saved: keep ? Saved(output: output, conditioner: saved) : .nothing)
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let parts = try divide(y)
    let map = try map(conditioner.forward(parts.kept, under: context, keep: false).output, parts)
    return try join(parts, map.invert(parts.transformed))
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let parts = try divide(y)
    let (output, inner) = try saved.conditioned ?? conditioner.forward(parts.kept, under: context, keep: true)
    let map = try map(output, parts)
    let gradients = try divide(gradY)
    let found = try map.backward(y: parts.transformed, gradients.transformed, gradLogDet: gradLogDet)
    try rescale.gradient.addInPlace(found.rescale)
    let through = try conditioner.backward(x: parts.kept, saved: inner, gradOutput: found.output, under: context)
    let x = try join(parts, map.invert(parts.transformed))
    guard let pixels = parts.keptPixels else {
      return (x, try concatenate(gradients.kept + through, found.input))
    }
    // The map leaves the kept pixels alone, so their own gradient is in `found.input` as it came.
    return (x, try found.input + through * pixels)
  }

  public func scales(of x: Tensor, under context: Context) throws -> Tensor? {
    let parts = try divide(x)
    return try map(conditioner.forward(parts.kept, under: context, keep: false).output, parts).scale
  }

  /// What a coupling makes of a tensor. Under a checkerboard `transformed` is the whole of it, and the map the identity
  /// at the kept pixels.
  private struct Parts {
    let kept: Tensor
    let transformed: Tensor
    /// 1 at the pixels that a checkerboard keeps, `[1, height, width, 1]`; nil for a mask of channels.
    let keptPixels: Tensor?
  }

  private func divide(_ x: Tensor) throws -> Parts {
    let (_, height, width, channels) = x.imageSizes
    switch mask {
    case .checkerboard:
      let pixels = try mask.kept(height: height, width: width, like: x)
      return Parts(kept: try x * pixels, transformed: x, keptPixels: pixels)
    case .channels(let keepsFirst):
      precondition(channels % 2 == 0, "a coupling of channels needs an even number, not \(channels)")
      let (first, second) = try x.splitLast(at: channels / 2)
      return keepsFirst
        ? Parts(kept: first, transformed: second, keptPixels: nil)
        : Parts(kept: second, transformed: first, keptPixels: nil)
    }
  }

  private func join(_ parts: Parts, _ transformed: Tensor) throws -> Tensor {
    parts.keptPixels == nil ? try concatenate(parts.kept, transformed) : transformed
  }

  private func concatenate(_ kept: Tensor, _ transformed: Tensor) throws -> Tensor {
    try .concatenating(
      mask == .channels(keepsFirst: true) ? [kept, transformed] : [transformed, kept], alongDimension: -1)
  }

  private func map(_ output: Tensor, _ parts: Parts) throws -> ElementMap {
    try ElementMap(output, rescale: rescale.value, transformedPixels: parts.keptPixels.map { try 1 - $0 })
  }
}

/// The elementwise map of one coupling for given conditioner outputs.
private struct ElementMap {
  let shift: Tensor
  let logScale: Tensor
  let scale: Tensor
  private let rescale: Tensor
  private let tanh: Tensor
  private let transformedPixels: Tensor?

  init(_ output: Tensor, rescale: Tensor, transformedPixels: Tensor?) throws {
    let (shift, raw) = try output.splitLast(at: output.shape[3] / 2)
    let tanh = try raw.tanh()
    self.shift = try transformedPixels.map { try shift * $0 } ?? shift
    self.tanh = try transformedPixels.map { try tanh * $0 } ?? tanh
    self.rescale = rescale
    self.transformedPixels = transformedPixels
    logScale = try self.tanh * rescale
    scale = try logScale.exponential()
  }

  func apply(_ x: Tensor) throws -> Tensor { try (x + shift) * scale }

  func invert(_ y: Tensor) throws -> Tensor { try y / scale - shift }

  /// The gradients with respect to what is transformed, to the conditioner's output and to `rescale`.
  func backward(
    y: Tensor, _ gradY: Tensor, gradLogDet: Tensor
  ) throws -> (input: Tensor, output: Tensor, rescale: Tensor) {
    let gradInput = try gradY * scale
    let gradLogScale = try gradY * y + gradLogDet.reshaped([-1, 1, 1, 1])
    let gradRaw = try gradLogScale * (1 - tanh.squared()) * rescale
    let output = try Tensor.concatenating([gradInput, gradRaw], alongDimension: -1)
    return (
      gradInput, try transformedPixels.map { try output * $0 } ?? output,
      try (gradLogScale * tanh).sum().reshaped([1])
    )
  }
}

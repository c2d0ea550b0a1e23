import Torch

/// A coupling layer: what its mask keeps passes through and conditions the map of the rest. (RealNVP, section 3.4; Glow,
/// section 3.3.)
///
/// ```swift
/// let options = TensorOptions()
/// let conditioner = try ConvConditioner(
///   "net", inputs: 6, hidden: 64, outputs: 12, edgeChannel: true, like: options, using: Generator(seed: 1))
/// let coupling = Coupling(.affine(.bounded), conditioner: conditioner)  // of images with 12 channels
/// ```
public final class Coupling: StepTransform {
  public static let partName = "coupling"

  /// What happens to the part that ``mask`` does not keep.
  public let transform: CouplingTransform
  /// What passes through as it is.
  public let mask: CouplingMask
  /// From the part that ``mask`` keeps to the shifts, and after them the raw scales where there are any.
  public let conditioner: any Conditioner
  /// What a rescaled scale learns, `[1]`.
  private let rescale: Parameter?

  public var parameters: [Parameter] { (rescale.map { [$0] } ?? []) + conditioner.parameters }
  public var buffers: [Buffer] { conditioner.buffers }
  public var statistics: [RunningStatistics] { conditioner.statistics }

  /// A coupling of Glow: it keeps the first half of the channels.
  /// - Parameter conditioner: from `channels / 2` to `channels / 2 * transform.outputsPerChannel` channels, shifts first.
  public init(_ transform: CouplingTransform, conditioner: any Conditioner) {
    if case .affine(.rescaledTanh) = transform { preconditionFailure("a rescaled coupling has a parameter and a name") }
    self.transform = transform
    self.conditioner = conditioner
    mask = .channels(keepsFirst: true)
    rescale = nil
  }

  /// - Parameter conditioner: from the kept half of the channels to `transform.outputsPerChannel` times as many, shifts
  ///   first; under a checkerboard from all channels, those of the other pixels being zero.
  public init(
    _ name: String, _ transform: CouplingTransform, mask: CouplingMask, conditioner: any Conditioner,
    like options: TensorOptions
  ) throws {
    self.transform = transform
    self.mask = mask
    self.conditioner = conditioner
    if case .affine(.rescaledTanh(let start)) = transform {
      rescale = try Parameter(name + ".rescale", .full(start, [1], options.dtype, on: options.device))
    } else {
      rescale = nil
    }
  }

  public func use(_ precision: ConditionerPrecision) { conditioner.use(precision) }

  public func blueprint() throws -> [LayerBlueprint]? {
    guard mask == .channels(keepsFirst: true), rescale == nil, let network = conditioner as? ConvConditioner else {
      return nil
    }
    return [.coupling(transform, try network.blueprint())]
  }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    let parts = try divide(x)
    return try apply(conditioner.initialize(from: parts.kept, under: context), to: x, parts).y
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let parts = try divide(x)
    let (output, saved) = try conditioner.forward(parts.kept, under: context, keep: keep)
    let (y, logDet) = try apply(output, to: x, parts)
    return Forward(y, logDet: logDet, saved: keep ? Saved(output: output, conditioner: saved) : .nothing)
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let parts = try divide(y)
    let output = try conditioner.forward(parts.kept, under: context, keep: false).output
    if let kernel = kernel(y, output) { return try kernel.inverse(y, output: output) }
    return try join(parts, map(output, parts).invert(parts.transformed))
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let parts = try divide(y)
    let (output, inner) = try saved.conditioned ?? conditioner.forward(parts.kept, under: context, keep: true)
    func through(_ gradOutput: Tensor) throws -> Tensor {
      try conditioner.backward(x: parts.kept, saved: inner, gradOutput: gradOutput, under: context)
    }
    if let kernel = kernel(y, output) {
      let (x, gradOutput) = try kernel.backward(y: y, output: output, gradY: gradY, gradLogDet: gradLogDet)
      return (x, try kernel.join(gradY: gradY, gradKept: through(gradOutput), gradOutput: gradOutput))
    }
    let map = try map(output, parts)
    let gradients = try divide(gradY)
    let found = try map.backward(y: parts.transformed, gradients.transformed, gradLogDet: gradLogDet)
    if let own = found.rescale { try rescale?.gradient.addInPlace(own) }
    let gradKept = try through(found.output)
    let x = try join(parts, map.invert(parts.transformed))
    guard let pixels = parts.keptPixels else {
      return (x, try concatenate(gradients.kept + gradKept, found.input))
    }
    // The map leaves the kept pixels alone, so their own gradient is in `found.input` as it came.
    return (x, try found.input + gradKept * pixels)
  }

  public func scales(of x: Tensor, under context: Context) throws -> Tensor? {
    let parts = try divide(x)
    return try map(conditioner.forward(parts.kept, under: context, keep: false).output, parts).scale
  }

  private func apply(_ output: Tensor, to x: Tensor, _ parts: Parts) throws -> (y: Tensor, logDet: Tensor) {
    if let kernel = kernel(x, output) { return try kernel.forward(x, output: output) }
    let map = try map(output, parts)
    return (try join(parts, map.apply(parts.transformed)), try map.logDet(like: x))
  }

  /// The map as one kernel, where there is one.
  private func kernel(_ x: Tensor, _ output: Tensor) -> ShiftScaleKernel? {
    guard mask == .channels(keepsFirst: true), x.runsKernels, output.runsKernels else { return nil }
    let half = x.imageSizes.channels / 2
    switch transform {
    case .additive: return ShiftScaleKernel(scale: nil, kept: half)
    case .affine(.rescaledTanh): return nil
    case .affine(let scale): return ShiftScaleKernel(scale: scale, kept: half)
    }
  }

  private func map(_ output: Tensor, _ parts: Parts) throws -> CouplingMap {
    try CouplingMap(
      output, transform, rescale: rescale?.value, transformedPixels: parts.keptPixels.map { try 1 - $0 })
  }
}

extension Coupling {
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
      precondition(channels % 2 == 0, "a coupling needs an even number of channels, not \(channels)")
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
}

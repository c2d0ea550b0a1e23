import Torch

/// One step of Glow's flow (figure 2a): ActNorm, a permutation of the channels, a coupling.
public typealias FlowStep = Step<Coupling>

/// A step whose last part is a masked autoregressive map instead of a coupling.
public typealias MaskedStep = Step<MaskedAutoregression>

/// ActNorm, a permutation of the channels, and what transforms some elements given others.
///
/// ActNorm followed by a 1x1 convolution is one affine map per pixel, `y = A x + c` with `A = W diag(s)` and `c = A b`, and
/// runs as one matrix product each way.
public final class Step<Transform: StepTransform>: Bijection {
  /// The path in the model, such as `level1.step3`.
  public let name: String
  /// Scales and shifts each channel, first.
  public let actnorm: ActNorm
  /// Mixes the channels, second: an ``InvertibleConv1x1`` or a ``ChannelPermutation``.
  public let permutation: any Bijection
  /// Maps some elements by others, last.
  public let transform: Transform
  /// The map of the parameters that ``mixRecord`` holds.
  private var hostMix: HostAffineMix?
  private var mixRecord = TensorRecord()

  public var parameters: [Parameter] { actnorm.parameters + permutation.parameters + transform.parameters }
  public var buffers: [Buffer] { permutation.buffers + transform.buffers }
  public var statistics: [RunningStatistics] { transform.statistics }
  public var parts: [NamedBijection] {
    [(name + ".actnorm", actnorm), (name + ".permutation", permutation), (name + "." + Transform.partName, transform)]
  }

  public var invertsInOnePass: Bool { transform.invertsInOnePass }

  /// - Parameter name: the path in the model, such as `level1.step3`; the parts have paths of their own.
  public init(_ name: String, actnorm: ActNorm, permutation: any Bijection, transform: Transform) {
    self.name = name
    self.actnorm = actnorm
    self.permutation = permutation
    self.transform = transform
  }

  public func use(_ precision: ConditionerPrecision) { transform.use(precision) }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try transform.initialize(
      from: permutation.initialize(from: actnorm.initialize(from: x, under: context), under: context), under: context)
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let mixed = try mix(x, under: context)
    let transformed = try transform.forward(mixed.y, under: context, keep: keep)
    return Forward(
      transformed.y, logDet: try mixed.logDet + transformed.logDet,
      saved: keep ? Saved([x], children: [transformed.saved]) : .nothing)
  }

  public func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    let mixed = try mix(x, under: context)
    let alike = try (mixed.logDet / Double(height * width)).reshaped([batch, 1, 1])
    return try transform.logDetPerPosition(mixed.y, under: context) + alike
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let mixed = try transform.inverse(y, under: context)
    guard let convolution = permutation as? InvertibleConv1x1 else {
      return try actnorm.inverse(permutation.inverse(mixed, under: context), under: context)
    }
    return try affineMix(convolution, like: mixed).inverse(mixed)
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (mixed, gradMixed) = try transform.backward(
      y: y, saved: savedOfTransform(saved, under: context), gradY: gradY, gradLogDet: gradLogDet, under: context)
    guard let convolution = permutation as? InvertibleConv1x1 else {
      let (normed, gradNormed) = try permutation.backward(
        y: mixed, saved: .nothing, gradY: gradMixed, gradLogDet: gradLogDet, under: context)
      let (x, gradX) = try actnorm.backward(
        y: normed, saved: .nothing, gradY: gradNormed, gradLogDet: gradLogDet, under: context)
      return (saved.tensors.first ?? x, gradX)
    }
    let mix = try affineMix(convolution, like: mixed)
    let x = try saved.tensors.first ?? mix.inverse(mixed)
    return (x, try mix.backward(x: x, gradY: gradMixed, gradLogDet: gradLogDet))
  }

  /// Where the step's input alone was kept, the transform is given its own.
  private func savedOfTransform(_ saved: Saved, under context: Context) throws -> Saved {
    if let own = saved.children.first { return own }
    guard !invertsInOnePass, let x = saved.tensors.first else { return .nothing }
    return Saved([try mix(x, under: context).y])
  }

  /// ActNorm and permutation: what the transform is given.
  public func mix(_ x: Tensor, under context: Context = .none) throws -> Forward {
    guard let convolution = permutation as? InvertibleConv1x1 else {
      let normed = try actnorm.forward(x, under: context, keep: false)
      let permuted = try permutation.forward(normed.y, under: context, keep: false)
      return Forward(permuted.y, logDet: try normed.logDet + permuted.logDet)
    }
    return try affineMix(convolution, like: x).forward(x)
  }

  private func affineMix(_ convolution: InvertibleConv1x1, like x: Tensor) throws -> any AffineMix {
    guard x.runsKernels else { return try DeviceAffineMix(actnorm, convolution) }
    let sources =
      actnorm.parameters.map(\.value) + convolution.parameters.map(\.value) + convolution.buffers.map(\.value)
    if try mixRecord.renew(sources), let hostMix, hostMix.dtype == x.dtype { return hostMix }
    hostMix = nil
    let mix = try HostAffineMix(actnorm, convolution, x.dtype)
    hostMix = mix
    return mix
  }
}

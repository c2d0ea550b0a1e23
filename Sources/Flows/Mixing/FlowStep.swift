import Torch

/// One step of Glow's flow (figure 2a): ActNorm, a permutation of the channels, a coupling.
///
/// ActNorm followed by a 1x1 convolution is one affine map per pixel, `y = A x + c` with `A = W diag(s)` and `c = A b`, and
/// runs as one matrix product each way.
public final class FlowStep: Bijection {
  /// The path in the model, such as `level1.step3`.
  public let name: String
  public let actnorm: ActNorm
  public let permutation: any Bijection
  public let coupling: Coupling

  public var parameters: [Parameter] { actnorm.parameters + permutation.parameters + coupling.parameters }
  public var buffers: [Buffer] { permutation.buffers + coupling.buffers }
  public var statistics: [RunningStatistics] { coupling.statistics }
  public var parts: [NamedBijection] {
    [(name + ".actnorm", actnorm), (name + ".permutation", permutation), (name + ".coupling", coupling)]
  }

  public init(_ name: String, actnorm: ActNorm, permutation: any Bijection, coupling: Coupling) {
    self.name = name
    self.actnorm = actnorm
    self.permutation = permutation
    self.coupling = coupling
  }

  public func use(_ precision: ConditionerPrecision) { coupling.use(precision) }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try coupling.initialize(
      from: permutation.initialize(from: actnorm.initialize(from: x, under: context), under: context), under: context)
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let mixed = try mix(x, under: context)
    let coupled = try coupling.forward(mixed.y, under: context, keep: keep)
    return Forward(
      coupled.y, logDet: try mixed.logDet + coupled.logDet,
      saved: keep ? Saved([x], children: [coupled.saved]) : .nothing)
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let mixed = try coupling.inverse(y, under: context)
    guard let convolution = permutation as? InvertibleConv1x1 else {
      return try actnorm.inverse(permutation.inverse(mixed, under: context), under: context)
    }
    return try affineMix(convolution, like: mixed).inverse(mixed)
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (mixed, gradMixed) = try coupling.backward(
      y: y, saved: saved.children.first ?? .nothing, gradY: gradY, gradLogDet: gradLogDet, under: context)
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

  /// ActNorm and permutation: what the coupling is given.
  public func mix(_ x: Tensor, under context: Context = .none) throws -> Forward {
    guard let convolution = permutation as? InvertibleConv1x1 else {
      let normed = try actnorm.forward(x, under: context, keep: false)
      let permuted = try permutation.forward(normed.y, under: context, keep: false)
      return Forward(permuted.y, logDet: try normed.logDet + permuted.logDet)
    }
    return try affineMix(convolution, like: x).forward(x)
  }

  private func affineMix(_ convolution: InvertibleConv1x1, like x: Tensor) throws -> any AffineMix {
    x.runsKernels ? try HostAffineMix(actnorm, convolution) : try DeviceAffineMix(actnorm, convolution)
  }
}

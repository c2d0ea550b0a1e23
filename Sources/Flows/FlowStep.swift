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
  public var buffers: [Buffer] { permutation.buffers }

  public init(_ name: String, actnorm: ActNorm, permutation: any Bijection, coupling: Coupling) {
    self.name = name
    self.actnorm = actnorm
    self.permutation = permutation
    self.coupling = coupling
  }

  public func initialize(from x: Tensor) throws -> Tensor {
    try coupling.initialize(from: permutation.initialize(from: actnorm.initialize(from: x)))
  }

  public func forward(_ x: Tensor, keep: Bool) throws -> Forward {
    let mixed = try mix(x)
    let coupled = try coupling.forward(mixed.y, keep: keep)
    return Forward(
      coupled.y, logDet: try mixed.logDet + coupled.logDet,
      saved: keep ? Saved([x], children: [coupled.saved]) : .nothing)
  }

  public func inverse(_ y: Tensor) throws -> Tensor {
    let mixed = try coupling.inverse(y)
    guard let convolution = permutation as? InvertibleConv1x1 else {
      return try actnorm.inverse(permutation.inverse(mixed))
    }
    return try affineMix(convolution, like: mixed).inverse(mixed)
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (mixed, gradMixed) = try coupling.backward(
      y: y, saved: saved.children.first ?? .nothing, gradY: gradY, gradLogDet: gradLogDet)
    guard let convolution = permutation as? InvertibleConv1x1 else {
      let (normed, gradNormed) = try permutation.backward(
        y: mixed, saved: .nothing, gradY: gradMixed, gradLogDet: gradLogDet)
      let (x, gradX) = try actnorm.backward(y: normed, saved: .nothing, gradY: gradNormed, gradLogDet: gradLogDet)
      return (saved.tensors.first ?? x, gradX)
    }
    let mix = try affineMix(convolution, like: mixed)
    let x = try saved.tensors.first ?? mix.inverse(mixed)
    return (x, try mix.backward(x: x, gradY: gradMixed, gradLogDet: gradLogDet))
  }

  /// ActNorm and permutation: what the coupling is given.
  public func mix(_ x: Tensor) throws -> Forward {
    guard let convolution = permutation as? InvertibleConv1x1 else {
      let normed = try actnorm.forward(x, keep: false)
      let permuted = try permutation.forward(normed.y, keep: false)
      return Forward(permuted.y, logDet: try normed.logDet + permuted.logDet)
    }
    return try affineMix(convolution, like: x).forward(x)
  }

  private func affineMix(_ convolution: InvertibleConv1x1, like x: Tensor) throws -> any AffineMix {
    x.runsKernels ? try HostAffineMix(actnorm, convolution) : try DeviceAffineMix(actnorm, convolution)
  }
}

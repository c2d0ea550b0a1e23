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
    return try AffineMix(actnorm, convolution).inverse(mixed)
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
    let mix = try AffineMix(actnorm, convolution)
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
    return try AffineMix(actnorm, convolution).forward(x)
  }
}

/// ActNorm and 1x1 convolution as one affine map per pixel. Small matrices are in float64.
private struct AffineMix {
  let actnorm: ActNorm
  let convolution: InvertibleConv1x1
  let weight: Tensor
  let scale: Tensor
  let bias: Tensor
  /// `A`, `[channel, channel]`.
  let matrix: Tensor

  init(_ actnorm: ActNorm, _ convolution: InvertibleConv1x1) throws {
    self.actnorm = actnorm
    self.convolution = convolution
    weight = try convolution.matrix()
    scale = try (actnorm.logScale.value.converted(to: .float64) * actnorm.logScaleFactor).exponential()
    bias = try actnorm.bias.value.converted(to: .float64)
    matrix = try weight * scale
  }

  private func offset() throws -> Tensor { try matrix.matmul(bias) }

  func forward(_ x: Tensor) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let y = try x.pixelRows().affineRows(
      matrix.transposed.converted(to: x.dtype), offset: offset().converted(to: x.dtype)
    ).reshaped(x.shape)
    let perPixel = try actnorm.logScale.value.converted(to: .float64).sum() * actnorm.logScaleFactor
    let logDet = try (perPixel + convolution.logDeterminant()) * Double(height * width)
    return Forward(y, logDet: try logDet.converted(to: x.dtype).expanded(to: [batch]))
  }

  /// `x = A⁻¹ y - b`
  func inverse(_ y: Tensor) throws -> Tensor {
    let inverse = try matrix.inverse().transposed.converted(to: y.dtype)
    return try y.pixelRows().affineRows(inverse, offset: (-bias).converted(to: y.dtype)).reshaped(y.shape)
  }

  func backward(x: Tensor, gradY: Tensor, gradLogDet: Tensor) throws -> Tensor {
    let (_, height, width, _) = x.imageSizes
    let rows = try x.pixelRows().affineRowsBackward(
      matrix.transposed.converted(to: x.dtype), gradient: gradY.pixelRows())
    let gradMatrix = try rows.matrix.transposed.converted(to: .float64)
    let gradOffset = try rows.offset.converted(to: .float64)
    let logDetGradient = try gradLogDet.sum().converted(to: .float64) * Double(height * width)

    // c = W (s * b), so W gets gradOffset ⊗ (s * b), and s and b get what comes back through W.
    let through = try weight.transposed.matmul(gradOffset)
    let outer = try gradOffset.reshaped([-1, 1]) * (scale * bias)
    try convolution.accumulate(gradMatrix * scale + outer, logDetGradient: logDetGradient)
    let gradScale = try (gradMatrix * weight).sum([0]) + through * bias
    let gradLogScale = try (gradScale * scale + logDetGradient) * actnorm.logScaleFactor
    try actnorm.logScale.gradient.addInPlace(gradLogScale.converted(to: x.dtype))
    try actnorm.bias.gradient.addInPlace((through * scale).converted(to: x.dtype))
    return try rows.rows.reshaped(x.shape)
  }
}

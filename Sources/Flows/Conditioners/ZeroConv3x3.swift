import Torch

/// The released code's `conv2d_zeros`: a 3x3 convolution with bias, zero at the start, whose output is multiplied by
/// `exp(3 * logScale)`.
///
/// It runs as one matrix product to nine columns per output channel, which are then added up with nine shifts.
public final class ZeroConv3x3 {
  /// The 3 of `exp(3 * logScale)`.
  public static let logScaleFactor = 3.0

  /// `[3, 3, inputs (+ 1), outputs]`, or of fewer taps `[taps, inputs (+ 1), outputs]`; with an edge channel, that input comes
  /// last.
  public let weight: Parameter
  /// `[outputs]`, added before the scale.
  public let bias: Parameter
  /// `[outputs]`, a third of the logarithm of what the sum is multiplied by.
  public let logScale: Parameter
  let taps: ConvolutionTaps
  let inputs: Int
  let outputs: Int
  private let edges: EdgeMap?

  /// What training changes: the weights, the bias and the log-scales.
  public var parameters: [Parameter] { [weight, bias, logScale] }
  var hasEdgeChannel: Bool { edges != nil }

  /// All parameters start at zero.
  /// - Parameters:
  ///   - name: the path in the model, to which `.weight`, `.bias` and `.logScale` are added.
  ///   - inputs: channels of the images, without an edge channel.
  ///   - edgeChannel: whether one more input is 1 on the padding and 0 inside.
  public init(
    _ name: String, inputs: Int, outputs: Int, edgeChannel: Bool, taps: ConvolutionTaps = .square,
    like options: TensorOptions
  ) throws {
    func zeros(_ shape: [Int]) throws -> Tensor { try .zeros(shape, options.dtype, on: options.device) }
    weight = try Parameter(
      name + ".weight", zeros(taps.weightShape + [inputs + (edgeChannel ? 1 : 0), outputs]), isLinearMap: true)
    bias = try Parameter(name + ".bias", zeros([outputs]))
    logScale = try Parameter(name + ".logScale", zeros([outputs]))
    self.taps = taps
    self.inputs = inputs
    self.outputs = outputs
    edges = edgeChannel ? EdgeMap() : nil
  }

  /// The scaled weights as a matrix `[inputs, 9 * outputs]` whose taps are mirrored, so that adding its products up is
  /// the adjoint of taking patches.
  private func columns(_ scale: Tensor) throws -> Tensor {
    try (taps.spread(weight.value).narrowed(2, 0..<inputs) * scale).flipped([0, 1]).permuted([2, 0, 1, 3])
      .reshaped([inputs, 9 * outputs])
  }

  /// - Parameter x: `[batch, height, width, inputs]`; products read numbers of its type, and the output is of the weights'.
  public func forward(_ x: Tensor) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    let scale = try (logScale.value * Self.logScaleFactor).exponential()
    let columns = try x.pixelRows().matmul(columns(scale).converted(to: x.dtype)).converted(to: weight.value.dtype)
    let y = try columns.patches3x3Adjoint(shape: [batch, height, width, outputs])
    try y.addInPlace(bias.value * scale)
    if let edges {
      let weights = try (taps.spread(weight.value).narrowed(2, inputs..<inputs + 1) * scale).reshaped([9, outputs])
      try y.addInPlace(edges.contribution(of: weights, height: height, width: width))
    }
    return y
  }

  /// - Parameters:
  ///   - x: what `forward` was given.
  ///   - y: what it returned.
  public func backward(x: Tensor, y: Tensor, gradY: Tensor) throws -> Tensor {
    let scale = try (logScale.value * Self.logScaleFactor).exponential()
    try logScale.gradient.addInPlace((gradY * y).sumPerChannel(), scale: Self.logScaleFactor)
    try bias.gradient.addInPlace(gradY.sumPerChannel() * scale)

    let gradColumns = try gradY.patches3x3().converted(to: x.dtype)
    let gradWeight = try x.pixelRows().transposed.matmul(gradColumns).converted(to: weight.value.dtype)
      .reshaped([inputs, 3, 3, outputs])
      .permuted([1, 2, 0, 3]).flipped([0, 1])
    let ofInputs = weight.value.rank - 2
    try weight.gradient.narrowed(ofInputs, 0..<inputs).addInPlace(taps.gathered(gradWeight * scale))
    if let edges {
      let gradEdge = try edges.gradient(from: gradY).reshaped([3, 3, 1, outputs])
      try weight.gradient.narrowed(ofInputs, inputs..<inputs + 1).addInPlace(taps.gathered(gradEdge * scale))
    }
    return try gradColumns.matmul(columns(scale).converted(to: x.dtype).transposed).reshaped(x.shape)
  }
}

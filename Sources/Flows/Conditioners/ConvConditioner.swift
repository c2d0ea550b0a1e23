import CTorch
import Torch

/// Glow's conditioner: conv3x3 -> ActNorm -> ReLU -> conv1x1 -> ActNorm -> ReLU -> conv3x3 that starts at zero.
///
/// The 3x3 convolutions may see some of their taps only, as those of a masked step do.
///
/// With `classes`, an embedding of the context's labels is added before the first ActNorm. On the CPU the whole network is one
/// kernel (`ConditionerKernel`); elsewhere, and under autograd, it is a sequence of matrix products.
public final class ConvConditioner: Conditioner {
  /// `[3, 3, inputs (+ 1), hidden]`, or of fewer taps `[taps, inputs (+ 1), hidden]`.
  let conv1: Parameter
  let norm1: ActNorm
  /// `[hidden, hidden]`, input first.
  let conv2: Parameter
  let norm2: ActNorm
  let conv3: ZeroConv3x3
  /// Of the first convolution.
  let taps: ConvolutionTaps
  let edgeChannel: Bool
  /// Labels that the network is conditioned on; 0 for none.
  let classes: Int
  /// `[classes, hidden]`.
  let labelEmbedding: Parameter?
  /// Must have no ``ConditionerPrecision/obstacle(on:hidden:)``.
  public var precision = ConditionerPrecision.float32

  public var parameters: [Parameter] {
    [conv1] + (labelEmbedding.map { [$0] } ?? []) + norm1.parameters + [conv2] + norm2.parameters + conv3.parameters
  }

  /// Hidden weights are drawn from N(0, 0.05²).
  /// - Parameter taps: of the first convolution and of the last.
  public init(
    _ name: String, inputs: Int, hidden: Int, outputs: Int, edgeChannel: Bool, logScaleFactor: Double = 1,
    classes: Int = 0, taps: (first: ConvolutionTaps, last: ConvolutionTaps) = (.square, .square),
    like options: TensorOptions, using generator: Generator
  ) throws {
    func drawn(_ shape: [Int]) throws -> Tensor {
      try (Tensor.normal(shape, .float64, using: generator) * 0.05).converted(to: options.dtype, on: options.device)
    }
    conv1 = try Parameter(
      name + ".conv1.weight", drawn(taps.first.weightShape + [inputs + (edgeChannel ? 1 : 0), hidden]),
      isLinearMap: true)
    norm1 = try ActNorm(name + ".norm1", channels: hidden, logScaleFactor: logScaleFactor, like: options)
    conv2 = try Parameter(name + ".conv2.weight", drawn([hidden, hidden]), isLinearMap: true)
    norm2 = try ActNorm(name + ".norm2", channels: hidden, logScaleFactor: logScaleFactor, like: options)
    conv3 = try ZeroConv3x3(
      name + ".conv3", inputs: hidden, outputs: outputs, edgeChannel: edgeChannel, taps: taps.last, like: options)
    labelEmbedding =
      classes > 0 ? try Parameter(name + ".conv1.labelEmbedding", drawn([classes, hidden])) : nil
    self.taps = taps.first
    self.edgeChannel = edgeChannel
    self.classes = classes
  }

  public func use(_ precision: ConditionerPrecision) { self.precision = precision }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    let columns = try inputColumns(x, context)
    let (count, matrix) = (columns.shape[0], try inputMatrix())
    try norm1.setStatistics(count: count) { try columns.narrowed(0, $0).matmul(matrix) }
    try norm2.setStatistics(count: count) { try dense(columns.narrowed(0, $0), matrix, norm1).matmul(conv2.value) }
    return try forward(x, under: context, keep: false).output
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    guard x.runsKernels else { return try forwardByProducts(x, context, keep: keep) }
    let bias = try imageBias(of: context, x)
    guard keep else { return (try kernel.forward(x, imageBias: bias), .nothing) }
    let kept = try kernel.forwardKeeping(x, imageBias: bias)
    return (kept.output, kept.saved)
  }

  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor, under context: Context) throws -> Tensor {
    guard x.runsKernels else {
      return try backwardByProducts(x: x, saved: saved, gradOutput: gradOutput)
    }
    let rows = labelEmbedding.map { _ in labelRows(of: context, x) }
    let gradBias = try rows.map { try Tensor.zeros([$0.shape[0], conv2.value.shape[0]], x.dtype) }
    let gradX = try kernel.backward(
      input: x, activations: .init(saved), gradOutput: gradOutput, gradients: kernelTensors(\.gradient),
      gradImageBias: gradBias)
    if let rows, let gradBias { try labelEmbedding?.gradient.addMatmulInPlace(rows.transposed, gradBias) }
    return gradX
  }

  /// What the labels add before the first ActNorm, `[batch, hidden]`; nil without labels.
  private func imageBias(of context: Context, _ x: Tensor) throws -> Tensor? {
    try labelEmbedding.map { try labelRows(of: context, x).matmul($0.value) }
  }

  /// The image of which a masked step makes `y`, for a network of masked taps.
  /// - Parameter y: an image that ``Tensor/runsKernels``.
  func maskedInverse(_ y: Tensor, _ map: ct_shift_scale, under context: Context) throws -> Tensor {
    try kernel.maskedInverse(y, map, imageBias: imageBias(of: context, y))
  }

  func labelRows(of context: Context, _ x: Tensor) -> Tensor {
    context.rows(batch: x.imageSizes.batch, classes: classes)
  }

  private var kernel: ConditionerKernel {
    ConditionerKernel(
      kernelTensors(\.value), taps: (taps, conv3.taps), edgeChannel: edgeChannel, normFactor: norm1.logScaleFactor,
      outputFactor: ZeroConv3x3.logScaleFactor, rounded: precision == .bfloat16)
  }

  private func kernelTensors(_ tensor: KeyPath<Parameter, Tensor>) -> ConditionerKernel.Tensors {
    func pair(_ bias: Parameter, _ logScale: Parameter) -> (Tensor, Tensor) {
      (bias[keyPath: tensor], logScale[keyPath: tensor])
    }
    return .init(
      conv1: conv1[keyPath: tensor], norm1: pair(norm1.bias, norm1.logScale), conv2: conv2[keyPath: tensor],
      norm2: pair(norm2.bias, norm2.logScale), conv3: conv3.weight[keyPath: tensor],
      output: pair(conv3.bias, conv3.logScale))
  }
}

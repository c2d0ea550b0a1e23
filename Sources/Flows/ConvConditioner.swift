import Torch

/// Glow's conditioner: conv3x3 -> ActNorm -> ReLU -> conv1x1 -> ActNorm -> ReLU -> conv3x3 that starts at zero.
///
/// On channels-last rows each convolution is a matrix product, and each ActNorm is folded into the weights and the bias
/// of the convolution before it. In a conditional flow the label's embedding is added before the first ActNorm.
public final class ConvConditioner: Conditioner {
  /// `[3, 3, inputs (+ 1), hidden]`.
  private let conv1: Parameter
  private let norm1: ActNorm
  /// `[hidden, hidden]`, input first.
  private let conv2: Parameter
  private let norm2: ActNorm
  private let conv3: ZeroConv3x3
  private let edgeChannel: Bool
  private let condition: Condition?
  /// `[classes, hidden]`.
  private let labelEmbedding: Parameter?

  public var parameters: [Parameter] {
    [conv1] + (labelEmbedding.map { [$0] } ?? []) + norm1.parameters + [conv2] + norm2.parameters + conv3.parameters
  }

  /// Hidden weights are drawn from N(0, 0.05²).
  public init(
    _ name: String, inputs: Int, hidden: Int, outputs: Int, edgeChannel: Bool, logScaleFactor: Double = 1,
    condition: Condition? = nil, like options: TensorOptions, using generator: Generator
  ) throws {
    func drawn(_ shape: [Int]) throws -> Tensor {
      try (Tensor.normal(shape, .float64, using: generator) * 0.05).converted(to: options.dtype, on: options.device)
    }
    conv1 = try Parameter(name + ".conv1.weight", drawn([3, 3, inputs + (edgeChannel ? 1 : 0), hidden]))
    norm1 = try ActNorm(name + ".norm1", channels: hidden, logScaleFactor: logScaleFactor, like: options)
    conv2 = try Parameter(name + ".conv2.weight", drawn([hidden, hidden]))
    norm2 = try ActNorm(name + ".norm2", channels: hidden, logScaleFactor: logScaleFactor, like: options)
    conv3 = try ZeroConv3x3(name + ".conv3", inputs: hidden, outputs: outputs, edgeChannel: edgeChannel, like: options)
    labelEmbedding = try condition.map { try Parameter(name + ".conv1.labelEmbedding", drawn([$0.classes, hidden])) }
    self.edgeChannel = edgeChannel
    self.condition = condition
  }

  public func initialize(from x: Tensor) throws -> Tensor {
    let columns = try inputColumns(x)
    try norm1.setStatistics(of: columns.matmul(inputMatrix()))
    let hidden = try dense(columns, inputMatrix(), norm1)
    try norm2.setStatistics(of: hidden.matmul(conv2.value))
    return try forward(x, keep: false).output
  }

  public func forward(_ x: Tensor, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    let (batch, height, width, _) = x.imageSizes
    let columns = try inputColumns(x)
    let hidden1 = try dense(columns, inputMatrix(), norm1)
    let hidden2 = try dense(hidden1, conv2.value, norm2)
    let output = try conv3.forward(hidden2.reshaped([batch, height, width, -1]))
    return (output, keep ? Saved([columns, hidden1, hidden2, output]) : .nothing)
  }

  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    let (columns, hidden1, hidden2, output) = (saved.tensors[0], saved.tensors[1], saved.tensors[2], saved.tensors[3])
    let images = try hidden2.reshaped([batch, height, width, -1])
    let grad2 = try conv3.backward(x: images, y: output, gradY: gradOutput).pixelRows()
    let dense2 = try denseBackward(input: hidden1, output: hidden2, grad2, conv2.value, norm2)
    try conv2.gradient.addInPlace(dense2.gradMatrix)
    let grad1 = try dense2.gradient.matmul(dense2.matrix.transposed)

    let dense1 = try denseBackward(input: columns, output: hidden1, grad1, inputMatrix(), norm1)
    let taps = columns.shape[1] - (condition?.classes ?? 0)
    try conv1.gradient.addInPlace(dense1.gradMatrix.narrowed(0, 0..<taps).reshaped(conv1.value.shape))
    try labelEmbedding?.gradient.addInPlace(dense1.gradMatrix.narrowed(0, taps..<columns.shape[1]))
    return try dense1.gradient.matmul(dense1.matrix.narrowed(0, 0..<taps).transposed)
      .patches3x3Adjoint(shape: x.shape, edgeChannel: edgeChannel)
  }

  /// One row per pixel: its 3x3 neighbourhood, then in a conditional flow the label's weights.
  private func inputColumns(_ x: Tensor) throws -> Tensor {
    let patches = try x.patches3x3(edgeChannel: edgeChannel)
    guard let condition else { return patches }
    let (batch, height, width, _) = x.imageSizes
    let labels = try condition.rows(batch: batch).reshaped([batch, 1, -1])
      .expanded(to: [batch, height * width, condition.classes]).reshaped([-1, condition.classes])
    return try .concatenating([patches, labels], alongDimension: 1)
  }

  /// The first convolution and the label embedding as one matrix, `[columns, hidden]`.
  private func inputMatrix() throws -> Tensor {
    let matrix = try conv1.value.reshaped([-1, norm1.bias.value.shape[0]])
    guard let labelEmbedding else { return matrix }
    return try .concatenating([matrix, labelEmbedding.value], alongDimension: 0)
  }

  /// `relu(s * (input · matrix + b))`, with the ActNorm folded in.
  private func dense(_ input: Tensor, _ matrix: Tensor, _ norm: ActNorm) throws -> Tensor {
    let scale = try norm.scale()
    let output = try input.matmul(matrix * scale, adding: norm.bias.value * scale)
    try output.reluInPlace()
    return output
  }

  /// Adds the gradients of `norm`; returns the gradients before the ReLU and of the matrix, and the folded matrix.
  private func denseBackward(
    input: Tensor, output: Tensor, _ gradOutput: Tensor, _ matrix: Tensor, _ norm: ActNorm
  ) throws -> (gradient: Tensor, gradMatrix: Tensor, matrix: Tensor) {
    let scale = try norm.scale()
    let gradient = try gradOutput.reluBackward(output: output)
    let gradFolded = try input.transposed.matmul(gradient)
    let gradBias = try gradient.sum([0])
    try norm.bias.gradient.addInPlace(gradBias * scale)
    let gradScale = try (gradFolded * matrix).sum([0]) + gradBias * norm.bias.value
    try norm.logScale.gradient.addInPlace(gradScale * scale, scale: norm.logScaleFactor)
    return (gradient, try gradFolded * scale, try matrix * scale)
  }
}

import Torch

/// The conditioner as a sequence of libtorch's operations, on any device: on channels-last rows each convolution is a
/// matrix product, and each ActNorm is folded into the weights and the bias of the convolution before it.
extension ConvConditioner {
  func forwardByProducts(_ x: Tensor, _ context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    guard precision != .tf32 else { return try Runtime.allowingTF32 { try products(x, context, keep: keep) } }
    return try products(x, context, keep: keep)
  }

  private func products(_ x: Tensor, _ context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    let (batch, height, width, _) = x.imageSizes
    let columns = try factor(inputColumns(x, context))
    let hidden1 = try dense(columns, inputMatrix(), norm1)
    let hidden2 = try dense(hidden1, conv2.value, norm2)
    let output = try conv3.forward(hidden2.reshaped([batch, height, width, -1]))
    let activations = ProductActivations(columns: columns, hidden1: hidden1, hidden2: hidden2, output: output)
    return (output, keep ? activations.saved : .nothing)
  }

  func backwardByProducts(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor {
    guard precision != .tf32 else {
      return try Runtime.allowingTF32 { try productsBackward(x: x, saved: saved, gradOutput: gradOutput) }
    }
    return try productsBackward(x: x, saved: saved, gradOutput: gradOutput)
  }

  private func productsBackward(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    let kept = ProductActivations(saved)
    let (columns, hidden1, hidden2, output) = (kept.columns, kept.hidden1, kept.hidden2, kept.output)
    let images = try hidden2.reshaped([batch, height, width, -1])
    let grad2 = try conv3.backward(x: images, y: output, gradY: gradOutput).pixelRows()
    let dense2 = try denseBackward(input: hidden1, output: hidden2, grad2, conv2.value, norm2)
    try conv2.gradient.addInPlace(dense2.gradMatrix)
    let grad1 = try dense2.gradient.matmul(dense2.matrix.transposed)

    let dense1 = try denseBackward(input: columns, output: hidden1, grad1, inputMatrix(), norm1)
    let ofTaps = columns.shape[1] - classes
    let gradSquare = try dense1.gradMatrix.narrowed(0, 0..<ofTaps).reshaped([3, 3, ofTaps / 9, -1])
    try conv1.gradient.addInPlace(taps.gathered(gradSquare))
    try labelEmbedding?.gradient.addInPlace(dense1.gradMatrix.narrowed(0, ofTaps..<columns.shape[1]))
    return try dense1.gradient.matmul(dense1.matrix.narrowed(0, 0..<ofTaps).transposed).converted(to: x.dtype)
      .patches3x3Adjoint(shape: x.shape, edgeChannel: edgeChannel)
  }

  /// One row per pixel: its 3x3 neighborhood, then in a conditional flow the label's weights.
  func inputColumns(_ x: Tensor, _ context: Context) throws -> Tensor {
    let patches = try x.patches3x3(edgeChannel: edgeChannel)
    guard classes > 0 else { return patches }
    let (batch, height, width, _) = x.imageSizes
    let labels = try labelRows(of: context, x).reshaped([batch, 1, -1])
      .expanded(to: [batch, height * width, classes]).reshaped([-1, classes])
    return try .concatenating([patches, labels], alongDimension: 1)
  }

  /// The first convolution and the label embedding as one matrix, `[columns, hidden]`.
  func inputMatrix() throws -> Tensor {
    let matrix = try taps.spread(conv1.value).reshaped([-1, norm1.bias.value.shape[0]])
    guard let labelEmbedding else { return matrix }
    return try .concatenating([matrix, labelEmbedding.value], alongDimension: 0)
  }

  /// `relu(s * (input · matrix + b))`, with the ActNorm folded in.
  func dense(_ input: Tensor, _ matrix: Tensor, _ norm: ActNorm) throws -> Tensor {
    let scale = try norm.scale()
    let output = try factor(input).matmul(factor(matrix * scale), adding: factor(norm.bias.value * scale))
    try output.reluInPlace()
    return output
  }

  /// Adds the gradients of `norm`; returns the gradients before the ReLU and of the matrix, and the folded matrix.
  private func denseBackward(
    input: Tensor, output: Tensor, _ gradOutput: Tensor, _ matrix: Tensor, _ norm: ActNorm
  ) throws -> (gradient: Tensor, gradMatrix: Tensor, matrix: Tensor) {
    let scale = try norm.scale()
    let gradient = try gradOutput.reluBackward(output: output)
    let gradFolded = try input.transposed.matmul(gradient).converted(to: matrix.dtype)
    let gradBias = try gradient.converted(to: matrix.dtype).sum([0])
    try norm.bias.gradient.addInPlace(gradBias * scale)
    let gradScale = try (gradFolded * matrix).sum([0]) + gradBias * norm.bias.value
    try norm.logScale.gradient.addInPlace(gradScale * scale, scale: norm.logScaleFactor)
    return (gradient, try gradFolded * scale, try factor(matrix * scale))
  }

  /// `x` as what products read.
  private func factor(_ x: Tensor) throws -> Tensor {
    precision == .bfloat16 ? try x.converted(to: .bfloat16) : x
  }
}

/// What the backward pass needs besides the input.
private struct ProductActivations {
  /// One row per pixel: what the first product read, and what the first two gave.
  let columns: Tensor
  let hidden1: Tensor
  let hidden2: Tensor
  /// `[batch, height, width, outputs]`.
  let output: Tensor

  var saved: Saved { Saved([columns, hidden1, hidden2, output]) }

  init(columns: Tensor, hidden1: Tensor, hidden2: Tensor, output: Tensor) {
    (self.columns, self.hidden1, self.hidden2, self.output) = (columns, hidden1, hidden2, output)
  }

  init(_ saved: Saved) {
    let tensors = saved.tensors
    self.init(columns: tensors[0], hidden1: tensors[1], hidden2: tensors[2], output: tensors[3])
  }
}

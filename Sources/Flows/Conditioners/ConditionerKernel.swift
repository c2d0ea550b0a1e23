import CTorch
import Torch

/// The three convolutions of Glow's conditioner as one kernel, for tensors that ``Tensor/runsKernels``:
///
///     hidden1 = relu(s1 * (conv3x3(x) + imageBias + b1))
///     hidden2 = relu(s2 * (conv1x1(hidden1) + b2))
///     output  = s3 * (conv3x3(hidden2) + b3)
///
/// with `s = exp(factor * logScale)`. A tile of pixels goes through all three before the next one starts, so that hidden
/// activations stay in the cache.
struct ConditionerKernel {
  /// The parameters, or their gradients.
  struct Tensors {
    /// `[3, 3, inputs (+ 1), hidden]`, or of fewer taps `[taps, inputs (+ 1), hidden]`.
    let conv1: Tensor
    /// `b1` and the logarithm of `s1`, `[hidden]`.
    let norm1: (bias: Tensor, logScale: Tensor)
    /// `[hidden, hidden]`, input first.
    let conv2: Tensor
    let norm2: (bias: Tensor, logScale: Tensor)
    /// `[3, 3, hidden (+ 1), outputs]`, or of fewer taps `[taps, hidden (+ 1), outputs]`.
    let conv3: Tensor
    /// `b3` and the logarithm of `s3`, `[outputs]`.
    let output: (bias: Tensor, logScale: Tensor)

    init(
      conv1: Tensor, norm1: (bias: Tensor, logScale: Tensor), conv2: Tensor, norm2: (bias: Tensor, logScale: Tensor),
      conv3: Tensor, output: (bias: Tensor, logScale: Tensor)
    ) {
      self.conv1 = conv1
      self.norm1 = norm1
      self.conv2 = conv2
      self.norm2 = norm2
      self.conv3 = conv3
      self.output = output
    }

    var handles: ct_conditioner_tensors {
      ct_conditioner_tensors(
        conv1: conv1.handle, norm1_bias: norm1.bias.handle, norm1_log_scale: norm1.logScale.handle,
        conv2: conv2.handle, norm2_bias: norm2.bias.handle, norm2_log_scale: norm2.logScale.handle,
        conv3: conv3.handle, conv3_bias: output.bias.handle, conv3_log_scale: output.logScale.handle)
    }
  }

  /// What the backward pass needs besides the input; the hidden activations are `[pixels, hidden]`, bfloat16 if rounded.
  struct Activations {
    let hidden1: Tensor
    let hidden2: Tensor
    let output: Tensor

    init(_ saved: Saved) {
      self.init(hidden1: saved.tensors[0], hidden2: saved.tensors[1], output: saved.tensors[2])
    }

    var saved: Saved { Saved([hidden1, hidden2, output]) }

    init(hidden1: Tensor, hidden2: Tensor, output: Tensor) {
      self.hidden1 = hidden1
      self.hidden2 = hidden2
      self.output = output
    }
  }

  let values: Tensors
  /// Of the first convolution and of the last.
  let taps: (first: ConvolutionTaps, last: ConvolutionTaps)
  /// Whether both 3x3 convolutions have a last input that is 1 on the zero padding and 0 inside.
  let edgeChannel: Bool
  let normFactor: Double
  let outputFactor: Double
  /// Whether what is multiplied is first rounded to bfloat16 (where ``Runtime/hasBFloat16Products``): of float32 tensors with
  /// an even number of hidden channels.
  let rounded: Bool

  init(
    _ values: Tensors, taps: (first: ConvolutionTaps, last: ConvolutionTaps) = (.square, .square), edgeChannel: Bool,
    normFactor: Double, outputFactor: Double, rounded: Bool = false
  ) {
    self.values = values
    self.taps = taps
    self.edgeChannel = edgeChannel
    self.normFactor = normFactor
    self.outputFactor = outputFactor
    self.rounded = rounded
  }

  /// - Parameters:
  ///   - input: `[batch, height, width, inputs]`; the channels may be a slice of wider ones.
  ///   - imageBias: `[batch, hidden]`.
  /// - Returns: `[batch, height, width, outputs]`.
  func forward(_ input: Tensor, imageBias: Tensor? = nil) throws -> Tensor {
    try run(input, imageBias: imageBias, keep: false)[0]
  }

  /// As ``forward(_:imageBias:)``, and keeps what ``backward(input:activations:gradOutput:gradients:gradImageBias:)``
  /// needs.
  func forwardKeeping(_ input: Tensor, imageBias: Tensor? = nil) throws -> Activations {
    let results = try run(input, imageBias: imageBias, keep: true)
    return Activations(hidden1: results[1], hidden2: results[2], output: results[0])
  }

  private func run(_ input: Tensor, imageBias: Tensor?, keep: Bool) throws -> [Tensor] {
    var handles = [ct_handle](repeating: ct_handle(), count: 3)
    var kernel = self.handles
    try check(
      "conditioner", [input],
      handles.withUnsafeMutableBufferPointer {
        let first = $0.baseAddress!
        return ct_conditioner_forward(
          &kernel, input.handle, imageBias?.handle ?? ct_handle(), keep, first, first + 1, first + 2)
      })
    return handles.prefix(keep ? 3 : 1).map { Tensor(owning: $0) }
  }

  /// Adds to `gradients` and to `gradImageBias`; returns the gradient with respect to `input`.
  func backward(
    input: Tensor, activations: Activations, gradOutput: Tensor, gradients: Tensors, gradImageBias: Tensor? = nil
  ) throws -> Tensor {
    var kernel = handles
    var gradients = gradients.handles
    return try made("conditionerBackward", [input, gradOutput]) {
      ct_conditioner_backward(
        &kernel, &gradients, input.handle, activations.hidden1.handle, activations.hidden2.handle,
        activations.output.handle, gradOutput.handle, gradImageBias?.handle ?? ct_handle(), $0)
    }
  }

  /// The image of which the masked step with this conditioner makes `y`, `[batch, height, width, channel]`.
  func maskedInverse(_ y: Tensor, _ map: ct_shift_scale, imageBias: Tensor?) throws -> Tensor {
    var (kernel, map) = (handles, map)
    return try made("maskedInverse", [y]) {
      ct_masked_inverse(&kernel, &map, y.handle, imageBias?.handle ?? ct_handle(), $0)
    }
  }

  private var handles: ct_conditioner {
    ct_conditioner(
      values: values.handles, taps1: taps.first.mask, taps3: taps.last.mask, edge_channel: edgeChannel,
      norm_factor: normFactor, output_factor: outputFactor,
      rounded: rounded)
  }
}

import Torch

/// Batch normalization with a learned shift, then a ReLU: what comes before each convolution of RealNVP's residual networks.
final class BatchNormReLU {
  /// `[channel]`.
  let shift: Parameter
  let statistics: RunningStatistics

  var parameters: [Parameter] { [shift] }

  init(_ name: String, channels: Int, like options: TensorOptions) throws {
    shift = try Parameter(name + ".shift", .zeros([channels], options.dtype, on: options.device))
    statistics = try RunningStatistics(name, channels: channels, like: options)
  }

  /// A forward pass's result with what its backward pass needs.
  struct Activation {
    /// `[batch, height, width, channel]`.
    let output: Tensor
    let moments: RunningStatistics.Moments

    init(output: Tensor, moments: RunningStatistics.Moments) {
      self.output = output
      self.moments = moments
    }

    init(_ saved: Saved) {
      output = saved.tensors[0]
      moments = .init(mean: saved.tensors[1], inverseStandardDeviation: saved.tensors[2])
    }

    var saved: Saved { Saved([output, moments.mean, moments.inverseStandardDeviation]) }
  }

  func forward(_ x: Tensor, by source: Context.Statistics) throws -> Activation {
    let (y, moments) = try statistics.normalize(x, by: source, bias: shift.value)
    try y.reluInPlace()
    return Activation(output: y, moments: moments)
  }

  /// Adds to the shift's gradient.
  /// - Parameter x: what `forward` was given.
  /// - Returns: the gradient with respect to `x`.
  func backward(
    x: Tensor, _ activation: Activation, gradOutput: Tensor, by source: Context.Statistics
  ) throws -> Tensor {
    let (gradX, gradShift) = try statistics.backward(
      x: x, moments: activation.moments, gradY: gradOutput.reluBackward(output: activation.output), by: source)
    try shift.gradient.addInPlace(gradShift)
    return gradX
  }
}

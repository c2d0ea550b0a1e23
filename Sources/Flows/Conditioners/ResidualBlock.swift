import Torch

/// A block of a residual network in pre-activation form (RealNVP, section 4.1; He et al. 2016):
/// `x + conv3x3(relu(norm(conv3x3(relu(norm(x))))))`.
final class ResidualBlock {
  private let norm1: BatchNormReLU
  private let conv1: WeightNormConv
  private let norm2: BatchNormReLU
  private let conv2: WeightNormConv

  var parameters: [Parameter] { norm1.parameters + conv1.parameters + norm2.parameters + conv2.parameters }
  var statistics: [RunningStatistics] { [norm1.statistics, norm2.statistics] }

  init(
    _ name: String, channels: Int, like options: TensorOptions, using generator: Generator
  ) throws {
    func conv(_ part: String, last: Bool) throws -> WeightNormConv {
      try WeightNormConv(
        "\(name).\(part)", size: 3, inputs: channels, outputs: channels, hasMagnitude: last, hasBias: last,
        like: options, using: generator)
    }
    norm1 = try BatchNormReLU(name + ".norm1", channels: channels, like: options)
    conv1 = try conv("conv1", last: false)
    norm2 = try BatchNormReLU(name + ".norm2", channels: channels, like: options)
    conv2 = try conv("conv2", last: true)
  }

  /// What the backward pass needs besides the input.
  private struct Activations {
    /// Between the two convolutions.
    let middle: Tensor
    let first: BatchNormReLU.Activation
    let second: BatchNormReLU.Activation

    var saved: Saved { Saved([middle], children: [first.saved, second.saved]) }

    init(middle: Tensor, first: BatchNormReLU.Activation, second: BatchNormReLU.Activation) {
      (self.middle, self.first, self.second) = (middle, first, second)
    }

    init(_ saved: Saved) {
      self.init(middle: saved.tensors[0], first: .init(saved.children[0]), second: .init(saved.children[1]))
    }
  }

  /// - Parameter x: `[batch, height, width, channel]`.
  func forward(
    _ x: Tensor, by source: Context.Statistics, keep: Bool
  ) throws -> (output: Tensor, saved: Saved) {
    let first = try norm1.forward(x, by: source)
    let middle = try conv1.forward(first.output)
    let second = try norm2.forward(middle, by: source)
    let output = try x + conv2.forward(second.output)
    return (output, keep ? Activations(middle: middle, first: first, second: second).saved : .nothing)
  }

  /// - Parameter x: what `forward` was given.
  /// - Returns: the gradient with respect to `x`.
  func backward(
    x: Tensor, saved: Saved, gradOutput: Tensor, by source: Context.Statistics
  ) throws -> Tensor {
    let kept = Activations(saved)
    let (first, second) = (kept.first, kept.second)
    let gradSecond = try conv2.backward(x: second.output, gradY: gradOutput)
    let gradMiddle = try norm2.backward(x: kept.middle, second, gradOutput: gradSecond, by: source)
    let gradFirst = try conv1.backward(x: first.output, gradY: gradMiddle)
    return try gradOutput + norm1.backward(x: x, first, gradOutput: gradFirst, by: source)
  }
}

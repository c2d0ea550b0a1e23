import Foundation
import Torch

/// A convolution with weight normalization (RealNVP, section 4.1; Salimans & Kingma 2016): the weights of each output channel
/// are a direction of length 1 times, where it is learned, a magnitude. Zero padding, stride 1.
final class WeightNormConv {
  /// `[size, size, inputs, outputs]`; its length is without effect.
  let weight: Parameter
  /// `[outputs]`.
  let magnitude: Parameter?
  /// `[outputs]`.
  let bias: Parameter?
  private let padding: Int

  var parameters: [Parameter] { [weight, magnitude, bias].compactMap(\.self) }

  /// Directions are uniform in a cube, magnitudes start at `size / sqrt(6)` as in the released code.
  /// - Parameters:
  ///   - size: of the kernel, 1 or 3.
  ///   - hasMagnitude: without effect where a batch normalization follows.
  init(
    _ name: String, size: Int, inputs: Int, outputs: Int, hasMagnitude: Bool, hasBias: Bool = true,
    like options: TensorOptions, using generator: Generator
  ) throws {
    let shape = [size, size, inputs, outputs]
    let drawn = try (Tensor.uniform(shape, .float64, using: generator) * 2 - 1) * (2 / Double(inputs)).squareRoot()
    weight = try Parameter(name + ".weight", drawn.converted(to: options.dtype, on: options.device))
    magnitude =
      hasMagnitude
      ? try Parameter(
        name + ".magnitude", .full(Double(size) / 6.0.squareRoot(), [outputs], options.dtype, on: options.device)) : nil
    bias = hasBias ? try Parameter(name + ".bias", .zeros([outputs], options.dtype, on: options.device)) : nil
    padding = size / 2
  }

  /// The factor that gives each output channel's weights their magnitude, and their length without it, `[outputs]`.
  private func scale() throws -> (factor: Tensor, length: Tensor) {
    let length = try weight.value.squared().sum([0, 1, 2]).squareRoot()
    return (try magnitude.map { try $0.value / length } ?? 1 / length, length)
  }

  /// In libtorch's order, `[outputs, inputs, size, size]`, as a view that is channels last in memory.
  private func kernel(_ factor: Tensor) throws -> Tensor { try (weight.value * factor).permuted([3, 2, 0, 1]) }

  /// - Parameter x: `[batch, height, width, inputs]`.
  func forward(_ x: Tensor) throws -> Tensor {
    try x.permuted([0, 3, 1, 2]).conv2d(kernel(scale().factor), bias: bias?.value, padding: padding)
      .permuted([0, 2, 3, 1])
  }

  /// Adds to the parameters' gradients.
  /// - Parameter x: what `forward` was given.
  /// - Returns: the gradient with respect to `x`.
  func backward(x: Tensor, gradY: Tensor) throws -> Tensor {
    let (factor, length) = try scale()
    let found = try gradY.permuted([0, 3, 1, 2]).conv2dBackward(
      input: x.permuted([0, 3, 1, 2]), weight: kernel(factor), padding: padding)
    try bias?.gradient.addInPlace(found.bias)
    let gradKernel = try found.weight.permuted([2, 3, 1, 0])
    let along = try (gradKernel * weight.value).sum([0, 1, 2])
    try magnitude?.gradient.addInPlace(along / length)
    try weight.gradient.addInPlace((gradKernel - weight.value * (along / length.squared())) * factor)
    return try found.input.permuted([0, 2, 3, 1])
  }
}

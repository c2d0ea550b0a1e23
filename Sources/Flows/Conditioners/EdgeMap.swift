import Torch

/// What the released code's edge channel adds to a 3x3 convolution: the channel is 1 on the zero padding and 0 inside, so
/// its part of the output depends on the position alone.
public final class EdgeMap {
  private var map: Tensor?
  private var key: [Int] = []

  /// Nothing is computed until it is needed; then it is kept for images of that size.
  public init() {}

  /// Which of the nine taps of each pixel fall outside: `[height * width, 9]`.
  private func taps(height: Int, width: Int, like tensor: Tensor) throws -> Tensor {
    if let map, key == [height, width], map.dtype == tensor.dtype, map.device == tensor.device { return map }
    let blank = try Tensor.zeros([1, height, width, 1], tensor.dtype, on: tensor.device)
    let both = try blank.patches3x3(edgeChannel: true).reshaped([height * width, 9, 2])
    let made = try both.narrowed(2, 1..<2).reshaped([height * width, 9]).contiguous()
    map = made
    key = [height, width]
    return made
  }

  /// - Parameter weights: `[9, outputs]`.
  /// - Returns: `[height, width, outputs]`.
  public func contribution(of weights: Tensor, height: Int, width: Int) throws -> Tensor {
    try taps(height: height, width: width, like: weights).matmul(weights).reshaped([height, width, -1])
  }

  /// - Parameter gradY: `[batch, height, width, outputs]`.
  /// - Returns: the gradient of the weights, `[9, outputs]`.
  public func gradient(from gradY: Tensor) throws -> Tensor {
    let (_, height, width, outputs) = gradY.imageSizes
    return try taps(height: height, width: width, like: gradY).transposed
      .matmul(gradY.sum([0]).reshaped([height * width, outputs]))
  }
}

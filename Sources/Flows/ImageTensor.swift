import Torch

/// Sizes of a batch of images, `[batch, height, width, channel]`.
extension Tensor {
  var imageSizes: (batch: Int, height: Int, width: Int, channels: Int) {
    let shape = shape
    precondition(shape.count == 4, "a batch of images is [batch, height, width, channel], not \(shape)")
    return (shape[0], shape[1], shape[2], shape[3])
  }

  /// One row per pixel: `[batch * height * width, channel]`.
  func pixelRows() throws -> Tensor { try reshaped([-1, shape[rank - 1]]) }

  /// Sums all but the first dimension: one number per image, `[batch]`.
  func sumPerImage() throws -> Tensor { try sum(Array(1..<rank)) }

  /// Sums all but the last dimension: one number per channel.
  func sumPerChannel() throws -> Tensor { try sum(Array(0..<rank - 1)) }

  /// Numbers of positions, `[batch, rows, columns]`, in equal parts to the positions of a grid that is a multiple as fine.
  func spread(to height: Int, _ width: Int) throws -> Tensor {
    let (rows, columns) = (shape[1], shape[2])
    guard rows != height || columns != width else { return self }
    let (down, across) = (height / rows, width / columns)
    return try (self / Double(down * across)).reshaped([shape[0], rows, 1, columns, 1])
      .expanded(to: [shape[0], rows, down, columns, across]).reshaped([shape[0], height, width])
  }
}

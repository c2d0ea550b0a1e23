import Torch

/// What a condition adds to the mean and log standard deviation of a prior: a learned value per label, zero at the start, either
/// one per channel or one per channel and position.
public final class LabelEmbedding {
  /// `[classes, height, width, channel]`; height and width are 1 where the positions share their values.
  let values: Parameter
  let shape: [Int]

  /// The one table of values.
  public var parameters: [Parameter] { [values] }

  /// - Parameter shape: `[height, width, channel]`.
  public init(_ name: String, classes: Int, shape: [Int], like options: TensorOptions) throws {
    values = try Parameter(name, .zeros([classes] + shape, options.dtype, on: options.device))
    self.shape = shape
  }

  private func matrix(_ tensor: Tensor) throws -> Tensor { try tensor.reshaped([tensor.shape[0], -1]) }

  /// - Parameter rows: distributions over labels, `[batch, classes]`.
  /// - Returns: `[batch] + shape`.
  public func callAsFunction(_ rows: Tensor) throws -> Tensor {
    try rows.matmul(matrix(values.value)).reshaped([rows.shape[0]] + shape)
  }

  /// Adds to the gradient.
  /// - Parameter gradient: with respect to what was added to, `[batch, height, width, channel]`.
  public func backward(_ gradient: Tensor, rows: Tensor) throws {
    let own = shape[0] == 1 && shape[1] == 1 ? try gradient.sum([1, 2]) : gradient
    try values.gradient.addInPlace(rows.transposed.matmul(matrix(own)).reshaped(values.value.shape))
  }
}

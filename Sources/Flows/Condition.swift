import Torch

/// What the layers of a conditional flow are conditioned on, for the batch at hand.
///
/// The model sets it before each pass; the layers that were made with it read it. A row is a distribution over labels:
/// one-hot for a labelled image, a blend between two.
public final class Condition {
  /// `[batch, classes]`.
  public var weights: Tensor?
  public let classes: Int

  public init(classes: Int) { self.classes = classes }

  /// The row of each of `batch` images.
  func rows(batch: Int) -> Tensor {
    guard let weights, weights.shape == [batch, classes] else {
      preconditionFailure("a conditional layer needs a condition of shape [\(batch), \(classes)]")
    }
    return weights
  }
}

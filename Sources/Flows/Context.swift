import Torch

/// What a pass through a flow tells its layers beside the images: an argument of every pass, so that no layer is conditioned on
/// what was said before another.
public struct Context {
  /// By which statistics batch normalizations normalize.
  public enum Statistics: Sendable {
    /// The running averages: every image by itself. For evaluation and sampling.
    case running
    /// Those of the batch at hand, which its backward pass hands on to the running averages. For training.
    case batch
    /// Those of the batch at hand, which the running averages are set to. For the initialization.
    case first
  }

  /// The condition of each image: a distribution over labels, `[batch, classes]`, one-hot for a labeled image, a blend between
  /// two; or a number an attribute, `[batch, attributes]`, from -1 for one that it has not to 1 for one that it has, 0 where
  /// nothing is said. Nil for a model without.
  public var labels: Tensor?
  /// Running averages unless given.
  public var statistics: Statistics

  /// The same as ``none`` unless given.
  public init(labels: Tensor? = nil, statistics: Statistics = .running) {
    self.labels = labels
    self.statistics = statistics
  }

  /// Nothing: no labels, and running statistics.
  public static var none: Context { Context() }

  /// What it says of some images of the batch.
  package func images(_ range: Range<Int>) throws -> Context {
    Context(labels: try labels?[range], statistics: statistics)
  }

  /// The labels of `batch` images, for a layer that is conditioned on `classes` of them.
  func rows(batch: Int, classes: Int) -> Tensor {
    guard let labels, labels.shape == [batch, classes] else {
      preconditionFailure("a conditional layer needs labels of shape [\(batch), \(classes)]")
    }
    return labels
  }
}

import Datasets
import FlowModels
import Torch

/// Under which label a conditional model sees an image.
public enum LabelChoice: Codable, Sendable, Hashable {
  /// Its own where the data set's labels are the model's, else the one under which it is most likely.
  case own
  /// One for all images, by number.
  case fixed(Int)
}

extension FlowModel {
  /// The labels of a batch, int64 `[batch]`; nil for a model without labels.
  /// - Parameter x: the batch's images as the model takes them.
  public func labels(
    of batch: Batch, images x: Tensor, in dataset: any ImageDataset, chosen choice: LabelChoice
  ) throws -> Tensor? {
    guard configuration.classCount > 0 else { return nil }
    switch choice {
    case .fixed(let label):
      precondition((0..<configuration.classCount).contains(label), "the model has no label \(label)")
      return try Tensor([Int](repeating: label, count: batch.count), on: options.device)
    case .own:
      guard configuration.hasLabels(dataset.classNames) else { return try mostLikelyLabels(x) }
      return try Tensor(batch.labels.map(Int.init), on: options.device)
    }
  }
}

import Datasets
import FlowModels
import Torch

/// Under which label, or which attributes, a conditional model sees an image.
public enum LabelChoice: Codable, Sendable, Hashable {
  /// Its own label where the data set's are the model's, else the one under which it is most likely. Its own attributes, as far
  /// as they are known.
  case own
  /// One label for all images, by number.
  case fixed(Int)
  /// No attributes: nothing is said of any.
  case unsaid
}

extension FlowModel {
  /// The labels of a batch, int64 `[batch]`, or its attributes, `[batch, attributes]`; nil for a model without, and where
  /// nothing is said.
  /// - Parameter x: the batch's images as the model takes them.
  public func labels(
    of batch: Batch, images x: Tensor, in dataset: any ImageDataset, chosen choice: LabelChoice
  ) throws -> Tensor? {
    guard configuration.attributeNames.isEmpty else {
      return choice == .own ? try attributes(of: batch.indices, in: dataset) : nil
    }
    guard configuration.classCount > 0 else { return nil }
    switch choice {
    case .unsaid: throw ModelError.request("the model is conditional: it needs a label for each image")
    case .fixed(let label):
      precondition((0..<configuration.classCount).contains(label), "the model has no label \(label)")
      return try Tensor([Int](repeating: label, count: batch.count), on: options.device)
    case .own:
      guard configuration.hasLabels(dataset.classNames) else { return try mostLikelyLabels(x) }
      return try Tensor(batch.labels.map(Int.init), on: options.device)
    }
  }

  /// The model's attributes of images of a data set, as far as they are known, `[indices, attributes]`.
  public func attributes(of indices: [Int], in dataset: any ImageDataset) throws -> Tensor {
    let columns = dataset.attributeColumns(of: configuration.attributeNames)
    return try Tensor(
      indices.flatMap { dataset.attributeRow(columns, at: $0) }, shape: [indices.count, columns.count],
      on: options.device
    ).converted(to: options.dtype)
  }
}

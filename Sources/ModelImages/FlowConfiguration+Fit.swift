import Datasets
import FlowModels

extension FlowConfiguration {
  /// Rows, columns and channels of the images that the model takes.
  public var imageShape: ImageShape { ImageShape(height: height, width: width, channels: channels) }

  /// - Throws: `ModelError` where the images of a data set are of another shape than the model's.
  public func requireFit(of dataset: any ImageDataset) throws {
    guard dataset.shape == imageShape else {
      throw ModelError.request("the images of \(dataset.name) are \(dataset.shape), the model takes \(imageShape)")
    }
  }

  /// - Throws: `ModelError` where the images of a data set are of another shape than the model's, or labeled with names
  ///   that a conditional model does not have.
  public func requireFit(ofLabeled dataset: any ImageDataset) throws {
    try requireFit(of: dataset)
    // Fewer are no harm: data in the IDX format count their labels up to the largest that occurs.
    guard classCount == 0 || classNames.starts(with: dataset.classNames) else {
      throw ModelError.request(
        "the images of \(dataset.name) have the labels \(dataset.classNames.joined(separator: ", ")), those of the "
          + "model are \(classNames.joined(separator: ", "))")
    }
  }

  /// Those of the model's attributes that a data set does not have.
  public func attributesMissing(in dataset: any ImageDataset) -> [String] {
    attributeNames.filter { !dataset.attributeNames.contains($0) }
  }

  /// - Throws: `ModelError` where the model has no such label.
  func require(label: Int) throws {
    guard (0..<classCount).contains(label) else {
      throw ModelError.request("an image has label \(label), the model has labels 0 to \(classCount - 1)")
    }
  }
}

import Datasets
import Inference

/// One of the models that a ``StudioServer`` serves, with what belongs to it.
///
/// ```swift
/// let shirts = try await ImageModel("fashion-mnist")
/// let faces = try await ImageModel("runs/faces", sharingThreadOf: shirts)
/// let server = StudioServer([StudioModel(shirts), StudioModel(faces)])
/// ```
public struct StudioModel: Sendable {
  /// What draws, edits and scores.
  public let model: ImageModel
  /// What requests and the page call it.
  public let name: String
  /// The images to choose from, which have the model's size.
  public let dataset: (any ImageDataset)?

  /// - Parameters:
  ///   - name: by default what the model was loaded by.
  ///   - dataset: images to choose from, of the model's size.
  public init(_ model: ImageModel, named name: String? = nil, dataset: (any ImageDataset)? = nil) {
    let description = model.description
    if let dataset {
      precondition(
        dataset.shape
          == ImageShape(height: description.height, width: description.width, channels: description.channels),
        "the data set's images are \(dataset.shape), not of the model's size")
    }
    self.model = model
    self.name = name ?? description.name
    self.dataset = dataset.flatMap { $0.count > 0 ? $0 : nil }
  }

  /// The model's own, under the name that it has here.
  var description: ModelDescription {
    var description = model.description
    description.name = name
    return description
  }
}

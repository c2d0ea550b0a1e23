import FlowModels
import Inference

/// What is known of a model before it is loaded.
public struct ModelCard: Sendable {
  /// The model's name, size and labels; of its attributes nothing.
  public var description: ModelDescription
  /// Bytes of its weights.
  public var bytes: Int
  /// What it was trained on, as `--data` takes it; nil where that is not known.
  public var trainedOn: String?
  /// Images seen in training; nil where that is not known.
  public var trainedImages: Int?
  /// Bits per dimension on validation images; nil where none were measured.
  public var bitsPerDimension: Double?

  /// - Parameters:
  ///   - name: what requests and the page call it.
  ///   - bytes: of its weights.
  ///   - trainedOn: as `--data` takes it.
  public init(
    _ name: String, _ configuration: any FlowConfiguration, bytes: Int, trainedOn: String? = nil,
    trainedImages: Int? = nil, bitsPerDimension: Double? = nil
  ) {
    description = ModelDescription(name: name, configuration)
    (self.bytes, self.trainedOn, self.trainedImages) = (bytes, trainedOn, trainedImages)
    self.bitsPerDimension = bitsPerDimension
  }

  /// About what the model takes when it is loaded: its parameters, and the latents of pictures that it keeps.
  public var loadedBytes: Int {
    let dimensions = description.width * description.height * description.channels
    return 2 * max(bytes, 4 * description.parameters) + 4 * dimensions * BatchLimits().cachedImages
  }
}

/// A model that a ``StudioServer`` loads when a request needs it.
///
/// ```swift
/// let folder = URL(filePath: "runs/faces/checkpoints/images-400000")
/// let card = ModelCard("faces", try ModelFolder.readConfiguration(folder), bytes: 8_336_456)
/// let source = StudioModelSource(card) { neighbor in
///   StudioModel(try await ImageModel(folder.path, findsAttributes: true, sharingThreadOf: neighbor), named: "faces")
/// }
/// ```
public struct StudioModelSource: Sendable {
  /// What is known of it before it is loaded.
  public let card: ModelCard
  /// Loads the model, which shares the thread of another one.
  public let load: @Sendable (_ neighbor: ImageModel) async throws -> StudioModel
  /// Scores the images that others are held against, each time that the model is loaded without them.
  public let scoreReference: (@Sendable (ImageModel) async -> Void)?

  /// - Parameters:
  ///   - scoringReference: scores the images that others are held against; nil for none.
  ///   - load: is given a model whose thread the new one is to share.
  public init(
    _ card: ModelCard, scoringReference: (@Sendable (ImageModel) async -> Void)? = nil,
    load: @escaping @Sendable (_ neighbor: ImageModel) async throws -> StudioModel
  ) {
    (self.card, scoreReference, self.load) = (card, scoringReference, load)
  }

  var name: String { card.description.name }
}

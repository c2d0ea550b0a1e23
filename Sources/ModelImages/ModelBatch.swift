import Datasets
import FlowModels
import Torch

/// A batch of a data set as a model takes it.
///
/// ```swift
/// let test = try DatasetSource(parsing: "fashion-mnist").open(split: .test, seed: 0)
/// let batches = EvaluationBatches(dataset: test, batchSize: 100, seed: 0)
/// let batch = try ModelBatch(batches.batch(at: 0), for: glow)
/// let bits = try glow.bitsPerDimension(batch.x, labels: batch.labels)  // [100]
/// ```
public struct ModelBatch {
  /// Dequantized, `[batch, height, width, channel]`.
  public let x: Tensor
  /// As of every pass (`FlowModel`): int64 `[batch]` of a model with labels, rows `[batch, attributes]` of one with
  /// attributes; nil for a model without either.
  public let labels: Tensor?
  private let pixels: Tensor
  private let model: any FlowModel

  /// - Throws: `ModelError` if a model with labels is given images without, or with labels that it does not have; if a model
  ///   with attributes is given a batch that does not tell of them (`EvaluationBatches`).
  public init(_ batch: Batch, for model: any FlowModel) throws {
    self.model = model
    pixels = try model.pixels(batch.pixels)
    x = try model.images(of: pixels, noise: batch.noise.isEmpty ? nil : model.noise(batch.noise, like: pixels))
    let attributes = model.configuration.attributeNames.count
    if attributes > 0 {
      guard batch.attributes.count == batch.count * attributes else {
        throw ModelError.request("the model is conditioned on attributes, but the batch does not tell of them")
      }
      labels = try Tensor(batch.attributes, shape: [batch.count, attributes], on: model.options.device)
        .converted(to: model.options.dtype)
      return
    }
    guard model.configuration.classCount > 0 else {
      labels = nil
      return
    }
    guard !batch.labels.isEmpty else {
      throw ModelError.request("the model is conditional, but the images have no labels")
    }
    for label in batch.labels { try model.configuration.require(label: Int(label)) }
    labels = try Tensor(batch.labels, on: model.options.device).converted(to: .int64)
  }

  /// How many images it has.
  public var count: Int { x.shape[0] }

  /// Some of the images, on the same memory.
  public func images(_ range: Range<Int>) throws -> (x: Tensor, labels: Tensor?) {
    (try x[range], try labels?[range])
  }

  /// The same images with other noise.
  public func redrawn(_ noise: [Float]) throws -> Tensor {
    try model.images(of: pixels, noise: model.noise(noise, like: pixels))
  }
}

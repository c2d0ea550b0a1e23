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
  /// int64 `[batch]`; nil for a model without labels.
  public let labels: Tensor?
  private let pixels: Tensor
  private let model: any FlowModel

  /// - Throws: `ModelError` if a conditional model is given images without labels, or with labels that it does not have.
  public init(_ batch: Batch, for model: any FlowModel) throws {
    self.model = model
    pixels = try model.pixels(batch.pixels)
    x = try model.images(of: pixels, noise: batch.noise.isEmpty ? nil : model.noise(batch.noise, like: pixels))
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

  public var count: Int { x.shape[0] }

  /// Some of the images, on the same memory.
  public func images(_ range: Range<Int>) throws -> (x: Tensor, labels: Tensor?) {
    (try x.narrowed(0, range), try labels?.narrowed(0, range))
  }

  /// The same images with other noise.
  public func redrawn(_ noise: [Float]) throws -> Tensor {
    try model.images(of: pixels, noise: model.noise(noise, like: pixels))
  }
}

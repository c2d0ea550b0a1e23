import Datasets
import FlowModels
import Torch

/// A batch of a data set as a model takes it.
public struct ModelBatch {
  /// Dequantised, `[batch, height, width, channel]`.
  public let x: Tensor
  /// int64 `[batch]`; nil for a model without labels.
  public let labels: Tensor?
  private let pixels: Tensor
  private let quantisation: Quantisation

  /// - Throws: `ModelError` if a conditional model is given images without labels, or with labels that it has not.
  public init(_ batch: Batch, for model: any FlowModel) throws {
    let shape = [batch.count, batch.shape.height, batch.shape.width, batch.shape.channels]
    pixels = try Tensor(batch.pixels, shape: shape, on: model.options.device)
    quantisation = Quantisation(bits: model.configuration.bits)
    let noise = batch.noise.isEmpty ? nil : try Tensor(batch.noise, shape: shape, on: model.options.device)
    x = try quantisation.dequantise(pixels, noise: noise, as: model.options.dtype)
    if model.configuration.classCount > 0 {
      guard !batch.labels.isEmpty else {
        throw ModelError.request("the model is conditional, but the images have no labels")
      }
      let classes = model.configuration.classCount
      if let wrong = batch.labels.first(where: { !(0..<classes).contains(Int($0)) }) {
        throw ModelError.request("an image has label \(wrong), the model has labels 0 to \(classes - 1)")
      }
      labels = try Tensor(batch.labels, on: model.options.device).converted(to: .int64)
    } else {
      labels = nil
    }
  }

  public var count: Int { x.shape[0] }

  /// Some of the images, on the same memory.
  func images(_ range: Range<Int>) throws -> (x: Tensor, labels: Tensor?) {
    (try x.narrowed(0, range), try labels?.narrowed(0, range))
  }

  /// - Throws: `ModelError` if the images are of another shape than the model's, or labelled with other names.
  static func check(_ dataset: any ImageDataset, fits model: any FlowConfiguration) throws {
    let shape = ImageShape(height: model.height, width: model.width, channels: model.channels)
    guard dataset.shape == shape else {
      throw ModelError.request("the images of \(dataset.name) are \(dataset.shape), the model takes \(shape)")
    }
    // Fewer are no harm: data in the IDX format count their labels up to the largest that occurs.
    guard model.classCount == 0 || model.classNames.starts(with: dataset.classNames) else {
      throw ModelError.request(
        "the images of \(dataset.name) have the labels \(dataset.classNames.joined(separator: ", ")), those of the "
          + "model are \(model.classNames.joined(separator: ", "))")
    }
  }

  /// The same images with other noise.
  func redrawn(_ noise: [Float]) throws -> Tensor {
    let noise = try Tensor(noise, shape: pixels.shape, on: pixels.device)
    return try quantisation.dequantise(pixels, noise: noise, as: x.dtype)
  }
}

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
  /// A batch as the model takes it: `[batch, height, width, channel]`, dequantised by the batch's noise, or in the
  /// centres of the cells.
  func images(of batch: Batch) throws -> Tensor {
    let shape = [batch.count, batch.shape.height, batch.shape.width, batch.shape.channels]
    let pixels = try Tensor(batch.pixels, shape: shape, on: options.device)
    let noise = batch.noise.isEmpty ? nil : try Tensor(batch.noise, shape: shape, on: options.device)
    return try Quantisation(bits: configuration.bits).dequantise(pixels, noise: noise, as: options.dtype)
  }

  /// int64 `[batch]`; nil for a model without labels.
  func labels(
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

  /// - Throws: ``AnalysisError`` if the images are of another shape than the model's.
  func check(_ dataset: any ImageDataset) throws {
    let shape = ImageShape(
      height: configuration.height, width: configuration.width, channels: configuration.channels)
    guard dataset.shape == shape else {
      throw AnalysisError.dataset(
        name: dataset.name, problem: "its images are \(dataset.shape), the model takes \(shape)")
    }
    guard dataset.count > 0 else {
      throw AnalysisError.dataset(name: dataset.name, problem: "its \(dataset.split.rawValue) split has no images")
    }
  }

  /// Calls `body` with the latents of every image, in order and in batches, each image in the centres of its cells.
  /// - Parameter body: takes rows, float64 on the CPU, `[batch, dimensions]`, and where the images stand in the data set.
  /// - Throws: ``AnalysisError`` if the images do not fit the model; what reading an image or `body` throws.
  func forEachEncoded(
    _ dataset: any ImageDataset, labels: LabelChoice, batchSize: Int, _ body: (Tensor, [Int]) throws -> Void
  ) throws {
    try check(dataset)
    try EvaluationBatches(dataset: dataset, batchSize: batchSize, seed: 0, noise: false).forEach { batch in
      let x = try images(of: batch)
      let latents = try encode(x, labels: self.labels(of: batch, images: x, in: dataset, chosen: labels))
      try body(latents.rows().converted(to: .float64, on: .cpu), batch.indices)
    }
  }
}

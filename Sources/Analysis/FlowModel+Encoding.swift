import Datasets
import FlowModels
import ModelImages
import Torch

extension FlowModel {
  /// - Throws: `ModelError` or ``AnalysisError`` if the images are of another shape than the model's, or there are none.
  func check(_ dataset: any ImageDataset) throws {
    try configuration.requireFit(of: dataset)
    guard dataset.count > 0 else {
      throw AnalysisError.dataset(name: dataset.name, problem: "its \(dataset.split.rawValue) split has no images")
    }
  }

  /// Calls `body` with the latents of every image, in order and in batches, each image in the centers of its cells.
  /// - Parameter body: takes rows, float64 on the CPU, `[batch, dimensions]`, and where the images stand in the data set.
  /// - Throws: `ModelError` if the images do not fit the model; what reading an image or `body` throws.
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

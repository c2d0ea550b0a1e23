import ModelImages
import Datasets
import FlowModels
import Torch

/// As which points ``PrecisionRecall`` sees images.
public enum PointSpace: String, Codable, Sendable, CaseIterable {
  /// 0 to 255.
  case pixels
  /// The model's own latents, standardized.
  case latents
}

extension FlowModel {
  /// All images of `dataset` as points, `[count, dimensions]`, in float32, and the labels or attributes that they were seen under.
  /// - Throws: ``AnalysisError`` for images that do not fit the model; what reading an image throws.
  public func points(
    of dataset: any ImageDataset, in space: PointSpace, batchSize: Int = 100, progress: (Int) throws -> Void = { _ in }
  ) throws -> (points: Tensor, labels: Tensor?) {
    try check(dataset)
    var parts: [Tensor] = []
    var labels: [Tensor] = []
    var done = 0
    try EvaluationBatches(dataset: dataset, batchSize: batchSize, seed: 0, noise: false).forEach { batch in
      let x = try images(of: batch)
      let own = try self.labels(of: batch, images: x, in: dataset, chosen: .own)
      parts.append(try points(ofImages: x, labels: own, in: space))
      if let own { labels.append(own) }
      done += batch.count
      try progress(done)
    }
    return (
      try .concatenating(parts, alongDimension: 0),
      labels.isEmpty ? nil : try .concatenating(labels, alongDimension: 0)
    )
  }

  /// As many samples as points, `[count, dimensions]`, in float32. Each is rounded to pixels first, as a file would be.
  /// - Parameters:
  ///   - temperatures: one a level.
  ///   - labels: of each sample, as of every pass (`FlowModel`).
  public func points(
    ofSamples count: Int, temperatures: [Double], labels: Tensor?, in space: PointSpace, seed: UInt64 = 0,
    batchSize: Int = 100
  ) throws -> Tensor {
    let samples = try sample(
      count: count, temperatures: temperatures, labels: labels, seed: seed, batchSize: batchSize)
    let pixels = try quantization.quantize(samples).converted(to: .uint8, on: options.device)
    let parts = try stride(from: 0, to: count, by: batchSize).map { start in
      let range = start..<min(count, start + batchSize)
      let x = try quantization.dequantize(pixels.narrowed(0, range), as: options.dtype)
      return try points(ofImages: x, labels: labels?.narrowed(0, range), in: space)
    }
    return try .concatenating(parts, alongDimension: 0)
  }

  private func points(ofImages x: Tensor, labels: Tensor?, in space: PointSpace) throws -> Tensor {
    let rows =
      switch space {
      case .pixels:
        try quantization.quantize(x).converted(to: .float32).reshaped([x.shape[0], -1])
      case .latents: try encode(x, labels: labels).rows()
      }
    return try rows.converted(to: .float32, on: .cpu)
  }
}

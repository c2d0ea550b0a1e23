import ModelImages
import Datasets
import FlowModels
import Foundation
import Imaging
import Torch

/// How likely and how complex an image is, in bits per dimension.
public struct ImageScore: Sendable, Hashable {
  /// `-log2 p(x) / D`, of the image in the model's bits per channel.
  public var bitsPerDimension: Double
  /// The size of the image as a PNG file of this library, in bits, over D: an upper bound of its complexity.
  public var pngBitsPerDimension: Double

  /// Serrà et al. (2020, "Input complexity and out-of-distribution detection with likelihood-based generative models"):
  /// `-log2 p(x) - L(x)`, here per dimension. Below 0 the model describes the image in less space than the PNG takes;
  /// the larger, the less does the model know of it that a general compressor does not.
  public var corrected: Double { bitsPerDimension - pngBitsPerDimension }

  /// - Parameters:
  ///   - bitsPerDimension: `-log2 p(x) / D`.
  ///   - pngBitsPerDimension: of the same image, with the same number of bits per channel.
  public init(bitsPerDimension: Double, pngBitsPerDimension: Double) {
    self.bitsPerDimension = bitsPerDimension
    self.pngBitsPerDimension = pngBitsPerDimension
  }
}

/// What log p of a conditional model is given.
public enum ScoreCondition: String, Codable, Sendable, CaseIterable {
  /// No label: p is the mean over all labels, each as likely; one pass a label where the model is conditioned everywhere.
  case anyLabel = "any"
  /// Each image's own label.
  case ownLabel = "own"
}

extension FlowModel {
  /// Scores every image of `dataset`, in order, and calls `body` with the scores of each batch.
  /// - Parameter seed: of the dequantization noise, one draw an image, which is keyed by the image's place.
  /// - Throws: ``AnalysisError`` for images that do not fit the model, or that get a log-likelihood that is not finite; what
  ///   reading an image or `body` throws.
  public func score(
    _ dataset: any ImageDataset, condition: ScoreCondition = .anyLabel, seed: UInt64 = 0, batchSize: Int = 100,
    _ body: ([ImageScore]) throws -> Void
  ) throws {
    try check(dataset)
    if configuration.classCount > 0, condition == .ownLabel {
      guard configuration.hasLabels(dataset.classNames) else {
        throw AnalysisError.dataset(
          name: dataset.name,
          problem: "its images have no labels of the model's to be scored under; score them under any label")
      }
    }
    try EvaluationBatches(dataset: dataset, batchSize: batchSize, seed: seed).forEach { batch in
      let x = try images(of: batch)
      let values: Tensor
      switch condition {
      case .anyLabel: values = try logProbabilityUnderAnyLabel(x)
      case .ownLabel: values = try logProbability(x, labels: labels(of: batch, images: x, in: dataset, chosen: .own))
      }
      let scores = try values.elements(Double.self).enumerated().map { i, logProbability in
        guard logProbability.isFinite else {
          throw AnalysisError.dataset(
            name: dataset.name, problem: "the model gives image \(batch.indices[i]) a log-likelihood that is not finite"
          )
        }
        let size = batch.shape.elementCount
        return ImageScore(
          bitsPerDimension: quantization.bitsPerDimension(
            logProbability: logProbability, dimensions: configuration.dimensions),
          pngBitsPerDimension: try PixelImage(
            width: batch.shape.width, height: batch.shape.height, channels: batch.shape.channels,
            pixels: Array(batch.pixels[i * size..<(i + 1) * size])
          ).pngBitsPerDimension(bits: configuration.bits))
      }
      try body(scores)
    }
  }

  /// log p(x) in nats, the mean over all labels, each as likely, `[batch]`; of a model without labels, log p(x).
  package func logProbabilityUnderAnyLabel(_ x: Tensor) throws -> Tensor {
    guard configuration.classCount > 0 else { return try logProbability(x, labels: nil) }
    return try logProbabilityPerLabel(x).logSumExp(1) - log(Double(configuration.classCount))
  }
}

extension PixelImage {
  /// The size of the picture as a PNG file of this library, in bits per dimension, after its channels were cut to `bits`.
  package func pngBitsPerDimension(bits: Int) throws -> Double {
    let step = UInt8(1 << (8 - bits))
    let image =
      step == 1
      ? self
      : PixelImage(width: width, height: height, channels: channels, pixels: pixels.map { $0 / step * step })
    return Double(try image.encodePNG().count * 8) / Double(pixels.count)
  }
}

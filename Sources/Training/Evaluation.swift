import ModelImages
import Datasets
import FlowModels
import Foundation
import Torch

/// A model's bits per dimension on a split, with what one must know to compare it.
///
/// ```swift
/// let test = try DatasetSource(parsing: "fashion-mnist").open(split: .test, seed: 0)
/// let evaluation = try glow.evaluate(on: test)
/// print(evaluation.bitsPerDimension, "±", evaluation.standardError ?? .nan, "on", evaluation.images, "images")
/// ```
public struct Evaluation: Codable, Sendable {
  /// The mean over all images.
  public var bitsPerDimension: Double
  /// The standard error of that mean; nil for one image, of which it is not known.
  public var standardError: Double?
  /// Bits per channel in which the images were scored, which are the model's.
  public var bits: Int
  /// `train`, `validation` or `test`.
  public var split: String
  /// How many images were scored.
  public var images: Int
  /// Draws of the dequantization noise per image; with more than one, log p is their log-mean-exp.
  public var draws: Int
  /// Whether every image was scored under its own label, or its own attributes as far as they are known.
  public var conditional: Bool
  /// The share of images whose most likely label is their own, or that the classifier head gets right; nil without.
  public var accuracy: Double?
}

/// The standard error of the mean of some values; nil where there are fewer than two, or one is not finite.
func standardError(of values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let count = Double(values.count)
  let mean = values.reduce(0, +) / count
  let error = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count).squareRoot()
  return error.isFinite ? error : nil
}

extension FlowModel {
  /// Scores every image of `dataset` once, each under its own label where the model has labels, and under its own attributes,
  /// as far as they are known, where it has attributes.
  /// - Parameters:
  ///   - draws: importance samples of the noise per image.
  ///   - seed: of the noise, which is keyed by image.
  ///   - accuracy: whether to compare the most likely label with the image's own (one pass a label where the model is
  ///     conditioned everywhere).
  ///   - progress: called after each batch with the number of images done.
  /// - Throws: `ModelError` if the images are of another shape than the model's, or labeled with other names.
  public func evaluate(
    on dataset: any ImageDataset, draws: Int = 1, seed: UInt64 = 0, batchSize: Int = 100, accuracy: Bool = false,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Evaluation {
    let scores = try scores(
      on: dataset, draws: draws, seed: seed, batchSize: batchSize, accuracy: accuracy, progress: progress)
    return evaluation(of: scores, on: dataset, draws: draws)
  }

  /// Scores the images of every `ranks`-th batch, from batch `rank` on.
  /// - Parameters: as of ``evaluate(on:draws:seed:batchSize:accuracy:progress:)``.
  func scores(
    on dataset: any ImageDataset, rank: Int = 0, of ranks: Int = 1, draws: Int = 1, seed: UInt64, batchSize: Int = 100,
    accuracy: Bool = false, progress: (Int) throws -> Void
  ) throws -> Scores {
    precondition(draws > 0, "an evaluation needs at least one draw")
    try configuration.requireFit(ofLabeled: dataset)
    let conditional = configuration.classCount > 0
    let batchSize = min(batchSize, max(1, (dataset.count + ranks - 1) / ranks))
    let batches = EvaluationBatches(
      dataset: dataset, batchSize: batchSize, seed: seed, attributes: configuration.attributeNames)
    var scores = Scores(logProbabilities: .init(repeating: 0, count: dataset.count), right: nil)
    if accuracy && conditional { scores.right = 0 }
    var done = 0
    try batches.forEach(Array(stride(from: rank, to: batches.count, by: ranks))) { batch in
      let input = try ModelBatch(batch, for: self)
      var draw = try [self.logProbability(input.x, labels: input.labels).reshaped([1, -1])]
      for number in 1..<max(1, draws) {
        let x = try input.redrawn(batches.noise(for: batch, draw: number))
        draw.append(try self.logProbability(x, labels: input.labels).reshaped([1, -1]))
      }
      let logMean = try Tensor.concatenating(draw, alongDimension: 0).logSumExp(0) - log(Double(draws))
      for (index, score) in zip(batch.indices, try logMean.elements(Double.self)) {
        scores.logProbabilities[index] = score
      }
      if let right = scores.right, let labels = input.labels {
        let guess = try self.predictedLabels(input.x)
        scores.right = right + (try guess.equals(labels).converted(to: .float64).sum().item())
      }
      done += batch.count
      try progress(done)
    }
    return scores
  }

  func evaluation(of scores: Scores, on dataset: any ImageDataset, draws: Int = 1) -> Evaluation {
    let bits = scores.logProbabilities.map {
      quantization.bitsPerDimension(logProbability: $0, dimensions: configuration.dimensions)
    }
    let count = Double(bits.count)
    let mean = bits.reduce(0, +) / count
    return Evaluation(
      bitsPerDimension: mean, standardError: standardError(of: bits), bits: configuration.bits,
      split: dataset.split.rawValue, images: bits.count, draws: draws,
      conditional: configuration.classCount > 0
        || configuration.attributesMissing(in: dataset).count < configuration.attributeNames.count,
      accuracy: scores.right.map { $0 / count })
  }
}

/// What an evaluation adds up, over the parts of a split.
struct Scores {
  /// The log-probability of each image, in nats; 0 where another part has it.
  var logProbabilities: [Double]
  /// How many labels were guessed right; nil where none were guessed.
  var right: Double?
}

import Datasets
import FlowModels
import Foundation
import Safetensors
import Torch

/// The scores of images that are known to be of the kind that a model describes, against which others are held.
///
/// ```swift
/// let test = try DatasetSource(parsing: "fashion-mnist").open(split: .test, seed: 0)
/// let reference = try ReferenceScores(of: test.evenly(500), called: "500 test images", with: glow, condition: .anyLabel)
/// try glow.score(test.first(1)) { scores in print(reference.place(of: scores[0]).percentile) }
/// ```
public struct ReferenceScores: Sendable {
  /// Where an image stands among the reference images.
  public struct Place: Sendable, Hashable {
    /// (log p(x) - mean) / standard deviation, over the reference images: above 0 the image is more likely than they are
    /// on average. Its magnitude is the test statistic of Nalisnick et al. (2019, "Detecting out-of-distribution inputs to
    /// deep generative models using typicality") for one image, in standard deviations: far on either side is untypical.
    public var deviations: Double
    /// Percent of the reference images that are less likely, equal ones counted half.
    public var percentile: Double
    /// Percent of the reference images whose corrected score is lower, equal ones counted half.
    public var correctedPercentile: Double
  }

  /// The model's `fingerprint()`.
  public let model: String
  /// For people and to know the file again: the data set, split and number of images.
  public let data: String
  /// What log p was given, of a conditional model.
  public let condition: ScoreCondition
  /// One a reference image, in the data set's order.
  public let scores: [ImageScore]
  private let sortedBits: [Double]
  private let sortedCorrected: [Double]
  private let mean: Double
  private let deviation: Double

  /// - Throws: ``AnalysisError`` for fewer than two images, or scores that are all the same.
  package init(model: String, data: String, condition: ScoreCondition, scores: [ImageScore]) throws {
    guard scores.count >= 2 else {
      throw AnalysisError.dataset(
        name: data, problem: "a reference needs two images or more, got \(scores.count): take another set or split")
    }
    self.model = model
    self.data = data
    self.condition = condition
    self.scores = scores
    sortedBits = scores.map(\.bitsPerDimension).sorted()
    sortedCorrected = scores.map(\.corrected).sorted()
    let mean = sortedBits.reduce(0, +) / Double(scores.count)
    self.mean = mean
    deviation = (sortedBits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count - 1)).squareRoot()
    guard deviation > 0 else {
      throw AnalysisError.dataset(name: data, problem: "all reference images have one log-likelihood")
    }
  }

  /// Scores the images of `dataset`.
  /// - Parameter data: what to call it.
  /// - Throws: what the model's `score(_:condition:seed:batchSize:_:)` throws, and ``AnalysisError`` for fewer than two
  ///   images.
  public init(
    of dataset: any ImageDataset, called data: String, with model: any FlowModel, condition: ScoreCondition,
    seed: UInt64 = 0,
    batchSize: Int = 100, progress: (Int) throws -> Void = { _ in }
  ) throws {
    var scores: [ImageScore] = []
    try model.score(dataset, condition: condition, seed: seed, batchSize: batchSize) {
      scores += $0
      try progress(scores.count)
    }
    try self.init(model: model.fingerprint(), data: data, condition: condition, scores: scores)
  }

  /// How the scores are spread.
  public func histograms(bins: Int) -> (bitsPerDimension: ScoreHistogram, corrected: ScoreHistogram) {
    (ScoreHistogram(sortedBits, bins: bins), ScoreHistogram(sortedCorrected, bins: bins))
  }

  /// Holds an image's score against those of the reference images.
  /// - Parameter score: by the same model, under the same condition.
  public func place(of score: ImageScore) -> Place {
    Place(
      deviations: (mean - score.bitsPerDimension) / deviation,
      percentile: 100 - percent(of: sortedBits, below: score.bitsPerDimension),
      correctedPercentile: percent(of: sortedCorrected, below: score.corrected))
  }

  private func percent(of sorted: [Double], below value: Double) -> Double {
    let lower = sorted.partitioningIndex { $0 >= value }
    let upper = sorted.partitioningIndex { $0 > value }
    return 50 * Double(lower + upper) / Double(sorted.count)
  }
}

extension ReferenceScores {
  private static let format = "swift-glow reference scores"

  /// Writes a safetensors file: `bitsPerDimension` and `pngBitsPerDimension`, float64 `[images]`, and what they are of in
  /// its metadata.
  /// - Throws: `SafetensorsError`, naming the file.
  public func write(to url: URL) throws {
    try SafetensorsWriter.write(
      [
        SafetensorsItem(name: "bitsPerDimension", tensor: Tensor(scores.map(\.bitsPerDimension))),
        SafetensorsItem(name: "pngBitsPerDimension", tensor: Tensor(scores.map(\.pngBitsPerDimension))),
      ],
      metadata: ["format": Self.format, "model": model, "data": data, "condition": condition.rawValue], to: url)
  }

  /// Reads scores by `model`, of `data`.
  /// - Throws: ``AnalysisError`` or `SafetensorsError`, naming the file, if it holds others.
  public init(contentsOf url: URL, model: any FlowModel, data: String, condition: ScoreCondition) throws {
    let file = try SafetensorsFile(contentsOf: url)
    func fail(_ reason: String) -> AnalysisError { .file(file: url.path, reason: reason) }
    guard file.metadata["format"] == Self.format else {
      throw fail("holds no reference scores: expected a file that glow score wrote")
    }
    let fingerprint = try model.fingerprint()
    for (field, expected) in [("model", fingerprint), ("data", data), ("condition", condition.rawValue)] {
      let found = file.metadata[field] ?? "missing"
      guard found == expected else {
        throw fail(
          "holds the scores of another reference: field \(field) is \(found), expected \(expected); name another file")
      }
    }
    let columns = try ["bitsPerDimension", "pngBitsPerDimension"].map { name in
      let tensor = try file.tensor(name)
      guard tensor.rank == 1, tensor.dtype == .float64 else {
        throw fail("tensor \(name) is \(tensor.shape) of \(tensor.dtype), expected [images] of float64")
      }
      return try tensor.elements(Double.self)
    }
    guard columns[0].count == columns[1].count, columns.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw fail("its scores must be finite numbers, as many of either kind")
    }
    try self.init(
      model: fingerprint, data: data, condition: condition,
      scores: zip(columns[0], columns[1]).map { ImageScore(bitsPerDimension: $0, pngBitsPerDimension: $1) })
  }
}

import Analysis
import Datasets
import FlowModels
import Imaging

extension ImageModel {
  /// How likely a picture is.
  public struct Score: Sendable, Hashable {
    /// In bits per dimension.
    public var score: ImageScore
    /// Where it stands among the reference images; nil before there are any.
    public var place: ReferenceScores.Place?
  }

  /// Scores pictures, each with the same dequantization noise: one picture has one score. In a conditional model p is the
  /// mean over all labels.
  /// - Throws: ``InferenceError``, also for a picture whose log-likelihood is not finite.
  public nonisolated func score(_ pictures: [PixelImage]) async throws -> [Score] {
    try check(pictures.count, "images")
    let scores = try await activity.admitting(pictures.count) { try await unplacedScores(pictures) }
    let reference = await reference
    return scores.map { Score(score: $0, place: reference?.place(of: $0)) }
  }

  /// What one level of a model adds to a picture's bits.
  public struct LevelBits: Codable, Sendable, Hashable {
    /// 1 the finest.
    public var level: Int
    /// Rows of the grid of the level's latent.
    public var rows: Int
    /// Columns of that grid.
    public var columns: Int
    /// What each position adds, row after row.
    public var bits: [Double]
  }

  /// Where in pictures the bits are: for each picture what each position of each level adds. The sum over all levels is the
  /// picture's bits/dim, as ``score(_:)`` finds them, times its dimensions. In a conditional model p is that under what is most
  /// likely of the picture.
  /// - Throws: ``InferenceError``.
  public nonisolated func bitsPerPosition(_ pictures: [PixelImage]) async throws -> [[LevelBits]] {
    try check(pictures.count, "images")
    let fitted = fitted(pictures)
    let conditions = conditions(of: nil, count: pictures.count)
    return try await admitting(pictures.count) { this in
      let x = try this.tensor(of: fitted, noise: this.evaluationNoise)
      let own = try await this.ownConditions(of: x, conditions)
      let levels = try this.model.bitsPerPosition(x, labels: this.labels(of: own))
      let numbers = try levels.map { try $0.elements(Double.self) }
      return fitted.indices.map { picture in
        zip(levels, numbers).enumerated().map { index, level in
          let (rows, columns) = (level.0.shape[1], level.0.shape[2])
          let bits = level.1[picture * rows * columns..<(picture + 1) * rows * columns]
          return LevelBits(level: index + 1, rows: rows, columns: columns, bits: Array(bits))
        }
      }
    }
  }

  private nonisolated func unplacedScores(_ pictures: [PixelImage]) async throws -> [ImageScore] {
    let fitted = pictures.map { self.fitted($0).picture }
    let values = try await logProbabilities(fitted)
    let quantization = Quantization(bits: description.bits)
    return try zip(fitted, values).enumerated().map { number, scored in
      let (picture, logProbability) = scored
      guard logProbability.isFinite else {
        throw request("images[\(number)]", "has a log-likelihood that is not finite")
      }
      return ImageScore(
        bitsPerDimension: quantization.bitsPerDimension(
          logProbability: logProbability, dimensions: picture.pixels.count),
        pngBitsPerDimension: try picture.pngBitsPerDimension(bits: description.bits))
    }
  }

  /// In nats, with the same noise for each picture.
  private func logProbabilities(_ pictures: [PixelImage]) async throws -> [Double] {
    let x = try tensor(of: pictures, noise: evaluationNoise)
    return try await run(.logProbability, Rows([x])).tensors[0].elements(Double.self)
  }

  /// Of one picture, the same for each.
  private var evaluationNoise: [Float] {
    let size = configuration.dimensions
    return [Float](unsafeUninitializedCapacity: size) { buffer, count in
      count = size
      KeyedRandom(.evaluationNoise, 0, 0, 0).fillNoise(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// How the scores of the images are spread against which all others are held; nil before those have scores.
  /// - Parameter bins: of each histogram.
  public func referenceHistograms(bins: Int = 48) -> (bitsPerDimension: ScoreHistogram, corrected: ScoreHistogram)? {
    reference.map { $0.histograms(bins: bins) }
  }

  /// Scores images of the kind that the model describes, against which all others are held from then on. Other callers have
  /// their turns between its batches.
  /// - Parameters:
  ///   - count: spread evenly over the data set.
  ///   - name: what to call the images.
  /// - Throws: ``InferenceError``, `AnalysisError`; what reading an image throws.
  public nonisolated func score(reference dataset: any ImageDataset, count: Int, called name: String) async throws {
    let images = dataset.evenly(count)
    var scores: [ImageScore] = []
    // Few at a time: callers wait for what is under way.
    let step = min(8, limits.size)
    for start in stride(from: 0, to: images.count, by: step) {
      let range = start..<min(images.count, start + step)
      scores += try await unplacedScores(range.map { try images.image(at: $0) })
    }
    try await hold(against: scores, of: name)
    activity.update {
      $0.reference = ModelActivity.Reference(
        name: name, count: scores.count,
        bitsPerDimension: scores.reduce(0) { $0 + $1.bitsPerDimension } / Double(scores.count))
    }
  }

  private func hold(against scores: [ImageScore], of name: String) throws {
    reference = try ReferenceScores(
      model: model.fingerprint(), data: name, condition: .anyLabel, scores: scores)
  }

  /// The scores against which all others are held, for when the model is loaded again; nil before there are any.
  public var heldReference: HeldReference? {
    guard let reference, let name = state.reference else { return nil }
    return HeldReference(scores: reference, name: name)
  }

  /// Holds scores from now on against those of an earlier time that the same model was loaded.
  public func hold(against held: HeldReference) {
    reference = held.scores
    activity.update { $0.reference = held.name }
  }
}

/// The scores of a model's reference images.
public struct HeldReference: Sendable {
  fileprivate let scores: ReferenceScores
  fileprivate let name: ModelActivity.Reference
}

import Analysis
import Datasets
import FlowModels
import Imaging

extension ImageModel {
  /// How likely a picture is.
  public struct Score: Sendable, Hashable {
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
    let noise = [Float](unsafeUninitializedCapacity: pictures[0].pixels.count) { buffer, count in
      count = pictures[0].pixels.count
      KeyedRandom(.evaluationNoise, 0, 0, 0).fillNoise(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }
    let x = try tensor(of: pictures, noise: noise)
    return try await run(.logProbability, Rows([x])).tensors[0].elements(Double.self)
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
    activity.update { $0.reference = ModelActivity.Reference(name: name, count: scores.count) }
  }

  private func hold(against scores: [ImageScore], of name: String) throws {
    reference = try ReferenceScores(
      model: model.fingerprint(), data: name, condition: .anyLabel, scores: scores)
  }
}

import FlowModels
import Foundation

/// Where a run is, from what it has written so far: also of one that is being trained now. No weights are read.
///
/// ```swift
/// for run in try RunSummary.runs(in: URL(filePath: "runs")) {
///   let summary = try RunSummary(of: run)
///   print(summary.run, summary.state, summary.images, summary.best?.bitsPerDimension ?? .nan)
/// }
/// ```
public struct RunSummary: Encodable, Sendable {
  /// Whether a run goes on.
  public enum State: String, Encodable, Sendable, CaseIterable {
    /// A process trains it now.
    case training
    /// All its images have been seen.
    case finished
    /// It ended before that, and can be resumed.
    case stopped
  }

  /// A lowest validation, and when it was.
  public struct Best: Encodable, Sendable {
    /// Images seen when it was measured.
    public var images: Int
    /// Bits per dimension on validation images.
    public var bitsPerDimension: Double
    /// The name of the checkpoint that was written then, if it is kept.
    public var checkpoint: String?

    init(images: Int, bitsPerDimension: Double, _ checkpoints: [Checkpoint]) {
      self.images = images
      self.bitsPerDimension = bitsPerDimension
      checkpoint = checkpoints.first { $0.name == "images-\(images)" }?.name
    }
  }

  /// A checkpoint that is kept.
  public struct Checkpoint: Encodable, Sendable {
    /// The name of its folder, such as `images-480`.
    public var name: String
    /// What its files take.
    public var bytes: Int
  }

  /// The run's folder, as it was given.
  public var run: String
  /// Whether it goes on.
  public var state: State
  /// The model's kind and size in a few words; nil before the first checkpoint.
  public var model: String?
  /// What is trained on, as `--data` takes it; nil before the first checkpoint.
  public var data: String?
  /// Images to train on, counting repetitions; nil before the first checkpoint, and until the next of a run that
  /// goes on past its former end.
  public var totalImages: Int?
  /// Images seen so far, counting repetitions.
  public var images: Int
  /// Optimizer steps so far.
  public var steps: Int
  /// Seconds of training, over all resumes.
  public var seconds: Double
  /// Images a second up to the last line of metrics.
  public var imagesPerSecond: Double?
  /// How long the rest takes at that speed; nil where it is not known what is left.
  public var secondsLeft: Double?
  /// Bits per dimension of the training batches, in the last line of metrics.
  public var trainBitsPerDimension: Double?
  /// Bits per dimension on validation images, as last measured.
  public var validationBitsPerDimension: Double?
  /// The lowest validation.
  public var best: Best?
  /// The lowest of those after which a checkpoint was written, which is kept.
  public var bestCheckpoint: Best?
  /// The norm of the gradient before clipping, in the last line of metrics.
  public var gradientNorm: Double?
  /// In the last line of metrics.
  public var learningRate: Double?
  /// The largest |inverse(forward(x)) - x| of the last validation, in units of the model's scale.
  public var roundTripError: Double?
  /// The largest condition number of all 1x1 convolutions, at the last validation.
  public var worstConditionNumber: Double?
  /// The smallest scale of all affine couplings, at the last validation.
  public var smallestScale: Double?
  /// Oldest first.
  public var checkpoints: [Checkpoint]
  /// When a line of metrics or a checkpoint was last written; nil before the first.
  public var lastWritten: Date?
  /// Every line, for curves; not encoded.
  public var metrics: [Metrics]

  /// - Throws: ``TrainingError`` if `folder` is no run; that or `ModelError` naming the file of a run that cannot
  ///   be read.
  public init(of folder: RunFolder) throws {
    run = folder.url.relativePath
    guard FileManager.default.fileExists(atPath: folder.url.path) else {
      throw TrainingError("\(run): there is no such folder")
    }
    guard folder.isRun else {
      throw TrainingError("\(run) is no run folder: it holds neither checkpoints nor metrics")
    }
    let isBeingTrained = folder.isBeingTrained
    metrics = try folder.metrics()
    let checkpoint = try folder.newestCheckpointSummary()
    model = checkpoint?.model.summary
    data = checkpoint?.data
    let last = metrics.last
    images = max(last?.images ?? 0, checkpoint?.images ?? 0)
    steps = max(last?.step ?? 0, checkpoint?.steps ?? 0)
    seconds = max(last?.seconds ?? 0, checkpoint?.seconds ?? 0)
    let total = checkpoint?.totalImages
    // A longer run that goes on says so in its next checkpoint only.
    totalImages = isBeingTrained && images > total ?? 0 ? nil : total
    let isDone = images >= total ?? .max
    state = isBeingTrained ? .training : isDone ? .finished : .stopped
    imagesPerSecond = last?.imagesPerSecond
    if let totalImages, let rate = imagesPerSecond, rate > 0 {
      secondsLeft = Double(max(0, totalImages - images)) / rate
    }
    trainBitsPerDimension = last?.trainBitsPerDimension
    gradientNorm = last?.gradientNorm
    learningRate = last?.learningRate
    let measured = metrics.last { $0.validationBitsPerDimension != nil }
    validationBitsPerDimension = measured?.validationBitsPerDimension
    roundTripError = measured?.roundTripError
    worstConditionNumber = measured?.worstConditionNumber
    smallestScale = measured?.smallestScale
    checkpoints = folder.checkpoints.map { Checkpoint(name: $0.lastPathComponent, bytes: Self.bytes(in: $0)) }
    lastWritten = folder.lastWritten
    best = Self.best(of: metrics, checkpoints)
    bestCheckpoint = checkpoint?.best.map {
      Best(images: $0.images, bitsPerDimension: $0.bitsPerDimension, checkpoints)
    }
  }

  private static func best(of metrics: [Metrics], _ checkpoints: [Checkpoint]) -> Best? {
    let measured = metrics.compactMap { line in
      line.validationBitsPerDimension.flatMap { $0.isFinite ? (line.images, $0) : nil }
    }
    guard let (images, bitsPerDimension) = measured.min(by: { $0.1 < $1.1 }) else { return nil }
    return Best(images: images, bitsPerDimension: bitsPerDimension, checkpoints)
  }

  private static func bytes(in folder: URL) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)
      return sum + (attributes?[.size] as? Int ?? 0)
    }
  }

  private enum CodingKeys: CodingKey {
    case run, state, model, data, totalImages, images, steps, seconds, imagesPerSecond, secondsLeft
    case trainBitsPerDimension, validationBitsPerDimension, best, bestCheckpoint, gradientNorm, learningRate
    case roundTripError, worstConditionNumber, smallestScale, checkpoints, lastWritten
  }

  /// How many folders deep ``runs(in:)`` looks.
  private static let depth = 4

  /// The run folders in `folder`, at most four folders deep, in the order of their names; a run within a run is none.
  /// - Throws: ``TrainingError`` if there is no such folder.
  public static func runs(in folder: URL) throws -> [RunFolder] {
    guard (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) != nil else {
      throw TrainingError("\(folder.relativePath): there is no such folder")
    }
    var unread: [URL] = []
    return runs(in: folder, depth: depth, unread: &unread)
  }

  /// What ``runs(in:)`` cannot look into since its name is not UTF-8; the bytes that are none are replaced.
  package static func unreadNames(in folder: URL) -> [URL] {
    var unread: [URL] = []
    _ = runs(in: folder, depth: depth, unread: &unread)
    return unread
  }

  private static func runs(in folder: URL, depth: Int, unread: inout [URL]) -> [RunFolder] {
    let (files, run) = (FileManager.default, RunFolder(folder))
    if run.isRun { return [run] }
    guard depth > 0 else { return [] }
    let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
    var found: [RunFolder] = []
    for place in names.filter({ !$0.hasPrefix(".") }).sorted().map({ folder.appending(path: $0) }) {
      if place.lastPathComponent.contains("\u{FFFD}") && !files.fileExists(atPath: place.path) {
        unread.append(place)
      } else {
        found += runs(in: place, depth: depth - 1, unread: &unread)
      }
    }
    return found
  }
}

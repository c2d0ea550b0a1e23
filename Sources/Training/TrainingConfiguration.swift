import Files
import Datasets
import FlowModels
import Flows
import Foundation

/// Everything that decides a training run besides the model's shape: stored in each checkpoint. Lengths are counted in
/// images, so that they do not change with the batch size.
///
/// ```swift
/// var configuration = TrainingConfiguration(data: "fashion-mnist")
/// configuration.images = 100_000
/// configuration.batchSize = 16
/// configuration.memory = .reversible
/// try configuration.validate()
/// ```
public struct TrainingConfiguration: Codable, Sendable, Hashable {
  /// The rule by which weights follow their gradients; see ``Optimizer``.
  public enum OptimizerKind: String, JSONWord, Sendable {
    /// Adam with a decayed maximum of the gradients in place of their mean square (Kingma & Ba 2015, section 7.1).
    case adamax
    /// Kingma & Ba 2015, algorithm 1.
    case adam
    /// Jordan et al. 2024, for the weights of convolutions; Adam for all else.
    case muon
  }

  /// What becomes of the learning rate after the warm-up.
  public enum Decay: String, JSONWord, Sendable {
    /// The rate stays where the warm-up leaves it (as published).
    case none
    /// The rate falls to zero along half a cosine by the last image.
    case cosine
  }

  /// As `DatasetSource` reads it.
  public var data: String
  /// The model that the run began as; nil for fresh weights.
  public var from: ModelOrigin?
  /// Rows of pixels. With ``width`` the size to which pictures are cropped and resized; without both they stay as they
  /// are.
  public var height: Int?
  /// Columns of pixels, beside ``height``.
  public var width: Int?
  /// 1 makes pictures gray, 3 makes them RGB; nil takes them as they are.
  public var channels: Int?
  /// Whether JPEGs that are much larger than the images are decoded at a reduced scale (`PictureReading`); nil, as in runs of
  /// older programs, for no: pixels would differ from those that such a run began with.
  public var reducedDecoding: Bool? = true
  /// Images to train on, counting repetitions.
  public var images = 2_000_000
  /// Images a step, over all processes of a job.
  public var batchSize = 64
  /// Adamax unless set, as published.
  public var optimizer = OptimizerKind.adamax
  /// The rate after the warm-up.
  public var learningRate = 1e-3
  /// What part of the mean of the gradients remains after a step.
  public var beta1 = 0.9
  /// What part of the mean of their squares (Adam) or of their maximum (Adamax) remains after a step.
  public var beta2 = 0.999
  /// Added to what a step is divided by.
  public var epsilon = 1e-8
  /// The learning rate rises linearly over this many images.
  public var warmupImages = 50_000
  /// No decay unless set, as published.
  public var decay = Decay.none
  /// The average of the weights over time looks back this many images; 0 for no average.
  public var averageImages = 50_000
  /// The largest gradient norm; a larger one is scaled down to it. 0 for no limit.
  public var gradientClip = 0.0
  /// Times the learning rate, what part of themselves the weights lose in each step, as in AdamW; nil for nothing.
  public var weightDecay: Double?
  /// Weight of the classifier's cross-entropy, in bits.
  public var weightY = 0.0
  /// Random changes to the training images; none unless set.
  public var augmentation = Augmentation.none
  /// Of a model that is conditioned on attributes: the share of the images of which only some are told, so that the model also
  /// does without (`BatchStream`); nil for a half.
  public var conditionDropout: Double?
  /// The batch of the data-dependent initialization.
  public var initializationImages = 256
  /// Decides the first weights, the order of the images, their noise and augmentation, and splits that the set does not
  /// fix.
  public var seed: UInt64 = 0
  /// Images per pass through the model; a larger batch is taken in parts whose gradients are added up. Nil for the whole.
  public var microBatch: Int?
  /// Which activations are kept for the backward pass; as many as the memory holds unless set.
  public var memory = MemoryPolicy.auto
  /// Bytes for kept activations under `auto`; nil for half of the memory that is free when the run starts.
  public var memoryBudget: Int?
  /// The precision of the conditioners in training steps. Nil in a new run's settings lets the run choose
  /// (``PrecisionChoice``), which then notes its choice here; in a run of an older program it is float32. Evaluations are in
  /// float32.
  public var precision: ConditionerPrecision?
  /// The precision of the gradients on their way between processes; nil for float32.
  public var wire: WirePrecision?
  /// Bytes of gradients that leave for other processes at a time; nil for a sixteenth of all, 256 KiB to 8 MiB.
  public var bucketBytes: Int?
  /// Batches that are read ahead; nil for what 64 MB hold, 4 to 64. Of no effect on results, like the next one.
  public var prefetch: Int?
  /// Threads that read batches; nil for 2.
  public var readers: Int?
  /// Bytes of memory for pictures that were decoded, which are then not decoded again (`PictureCache`); nil for an eighth of
  /// what is free, at most 1 GB. Of no effect on results, like the next one.
  public var pictureCache: Int?
  /// Bytes of files beside the run for those that memory does not hold; nil for an eighth of what is free, at most 8 GB.
  public var pictureCacheDisk: Int?
  /// Images between evaluations on validation images.
  public var validateEvery = 25_000
  /// The most validation images that an evaluation takes, spread evenly over the split.
  public var validationImages = 1_000
  /// Images between checkpoints.
  public var checkpointEvery = 25_000
  /// How many of the newest checkpoints are kept, beside the one with the lowest validation; nil for 2.
  public var keepNewest: Int?
  /// Images between the older checkpoints that are kept as well; nil for none.
  public var keepEvery: Int?
  /// Nil for the usual ones.
  public var guards: Guards?
  /// How many images that cannot be read may be skipped, in the training and in the validation split; nil for none.
  public var skipDamaged: Int?
  /// Nil to stop.
  public var onFailedWrite: FailedWrite?

  /// What training does when a checkpoint or a line of metrics cannot be written, such as on a full disk.
  public enum FailedWrite: String, JSONWord, Sendable {
    /// It stops; the last checkpoint is intact.
    case stop
    /// It says so, goes on, and writes the next one when that is due.
    case proceed = "continue"
  }

  /// In what precision gradients go from process to process.
  public enum WirePrecision: String, JSONWord, Sendable {
    /// As they were added up.
    case float32
    /// Half of the bytes; each sum on the way is rounded to 8 bits of fraction.
    case bf16
  }

  /// Sums of such numbers of images fit an integer.
  static let greatestLength = 1 << 48

  /// All other settings are at their defaults. Nothing is checked before ``validate()``.
  /// - Parameter data: as `DatasetSource` reads it.
  public init(data: String) { self.data = data }

  /// Throws a `ModelError` that names the field that makes no sense.
  public func validate() throws {
    func requireLength(_ length: Int?, _ field: String, from least: Int = 1) throws {
      let length = length ?? least
      try ModelError.require(length >= least, field, length, "\(least) or more")
      try ModelError.require(length <= Self.greatestLength, field, length, "at most \(Self.greatestLength)")
    }
    func requireSize(_ size: Int?, _ field: String) throws {
      try ModelError.require(size.map { (1...1 << 16).contains($0) } ?? true, field, size ?? 0, "1 to \(1 << 16)")
    }
    try requireSize(height, "height")
    try requireSize(width, "width")
    for (side, field, other) in [(height, "height", "width"), (width, "width", "height")] where side == nil {
      guard (height ?? width) == nil else {
        throw ModelError.invalid(field: field, value: "missing", expected: "a number beside \(other)")
      }
    }
    try ModelError.require(channels == nil || channels == 1 || channels == 3, "channels", channels ?? 0, "1 or 3")
    try ModelError.require(
      (0..<1).contains(augmentation.shift), "augmentation.shift", augmentation.shift, "at least 0 and below 1")
    try requireLength(images, "images")
    try ModelError.require((1...65536).contains(batchSize), "batchSize", batchSize, "1 to 65536")
    try ModelError.require(microBatch.map { $0 > 0 } ?? true, "microBatch", microBatch ?? 0, "1 or more")
    try ModelError.require(memoryBudget.map { $0 >= 0 } ?? true, "memoryBudget", memoryBudget ?? 0, "0 or more")
    try ModelError.require(
      bucketBytes.map { (1024...1 << 40).contains($0) } ?? true, "bucketBytes", bucketBytes ?? 0, "1024 or more")
    try ModelError.require(prefetch.map { (1...1 << 16).contains($0) } ?? true, "prefetch", prefetch ?? 0, "1 to 65536")
    try ModelError.require(readers.map { (1...1024).contains($0) } ?? true, "readers", readers ?? 0, "1 to 1024")
    try ModelError.require(pictureCache.map { $0 >= 0 } ?? true, "pictureCache", pictureCache ?? 0, "0 or more")
    try ModelError.require(
      pictureCacheDisk.map { $0 >= 0 } ?? true, "pictureCacheDisk", pictureCacheDisk ?? 0, "0 or more")
    try ModelError.require(learningRate > 0 && learningRate < 10, "learningRate", learningRate, "above 0 and below 10")
    try ModelError.require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "at least 0 and below 1")
    try ModelError.require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "at least 0 and below 1")
    try ModelError.require(epsilon > 0 && epsilon < 1, "epsilon", epsilon, "above 0 and below 1")
    try requireLength(warmupImages, "warmupImages", from: 0)
    try requireLength(averageImages, "averageImages", from: 0)
    try ModelError.require(gradientClip >= 0 && gradientClip.isFinite, "gradientClip", gradientClip, "0 or more")
    try ModelError.require(weightDecay.map { $0 >= 0 && $0 <= 1 } ?? true, "weightDecay", weightDecay ?? 0, "0 to 1")
    try ModelError.require(weightY >= 0 && weightY.isFinite, "weightY", weightY, "0 or more")
    try ModelError.require(
      conditionDropout.map { (0...1).contains($0) } ?? true, "conditionDropout", conditionDropout ?? 0, "0 to 1")
    try requireLength(initializationImages, "initializationImages")
    try requireLength(validateEvery, "validateEvery")
    try requireLength(validationImages, "validationImages")
    try requireLength(checkpointEvery, "checkpointEvery")
    try ModelError.require(keepNewest.map { $0 > 0 } ?? true, "keepNewest", keepNewest ?? 0, "1 or more")
    try requireLength(keepEvery, "keepEvery")
    try ModelError.require(skipDamaged.map { $0 >= 0 } ?? true, "skipDamaged", skipDamaged ?? 0, "0 or more")
    guard let guards else { return }
    for (name, limit) in [
      ("conditionNumber", guards.conditionNumber), ("scale", guards.scale),
      ("roundTripError", guards.roundTripError ?? 0),
    ] { try ModelError.require(limit >= 0, "guards.\(name)", limit, "0 or more") }
    try ModelError.require(guards.rollBacks >= 0, "guards.rollBacks", guards.rollBacks, "0 or more")
    try ModelError.require(
      guards.learningRateFactor > 0 && guards.learningRateFactor <= 1, "guards.learningRateFactor",
      guards.learningRateFactor, "above 0 and at most 1")
    try ModelError.require(
      (0...Self.greatestLength).contains(guards.images), "guards.images", guards.images, "0 to \(Self.greatestLength)")
  }

  /// Images per pass through the model.
  public var imagesPerPass: Int { min(batchSize, microBatch ?? batchSize) }

  /// The learning rate for the step that starts after `seen` images.
  public func learningRate(after seen: Int) -> Double {
    let warmup = warmupImages == 0 ? 1 : min(1, Double(seen + batchSize) / Double(warmupImages))
    switch decay {
    case .none: return learningRate * warmup
    case .cosine:
      let progress = min(1, Double(seen) / Double(images))
      return learningRate * warmup * 0.5 * (1 + cos(Double.pi * progress))
    }
  }
}

import ArgumentParser
import Datasets
import FlowModels
import Flows
import Training

extension TrainingConfiguration.OptimizerKind: ExpressibleByArgument {}
extension TrainingConfiguration.Decay: ExpressibleByArgument {}
extension TrainingConfiguration.FailedWrite: ExpressibleByArgument {}
extension TrainingConfiguration.WirePrecision: ExpressibleByArgument {}
extension MemoryPolicy: ExpressibleByArgument {}
extension ConditionerPrecision: ExpressibleByArgument {}

/// Flags that change a preset's training.
typealias TrainingFlags = GivenFlags<TrainingFlagList>

enum TrainingFlagList: SettingFlagList {
  typealias Settings = TrainingConfiguration

  static var flags: [SettingFlag<TrainingConfiguration>] {
    [
      .option("images", "Images to train on, counting repetitions.", \.images),
      .option("size", ArgumentHelp("Crop and resize pictures: N or HEIGHTxWIDTH.", valueName: "pixels")) {
        (settings, size: PixelSize) in (settings.height, settings.width) = (size.height, size.width)
      },
      .option("channels", "1 for gray, 3 for color.", \.channels),
      .option("batch", "Images per step.", \.batchSize),
      .option(
        "optimizer", "muon turns the gradients of convolutions into orthogonal steps, and takes adam for all else.",
        \.optimizer),
      .option("lr", "Learning rate.", \.learningRate),
      .option("beta1", "What of the gradients' average stays with each step, at least 0 and below 1.", \.beta1),
      .option(
        "beta2", "What of the average (adam) or maximum (adamax) of their size stays, at least 0 and below 1.", \.beta2),
      .option("decay", "How the learning rate falls.", \.decay),
      .option("warmup", "Images over which the learning rate rises.", \.warmupImages),
      .option("average", "Images that the average of the weights looks back.", \.averageImages),
      .option("clip", "Largest gradient norm; 0 for none.", \.gradientClip),
      .option(
        "weight-decay", "Weights shrink by this times the learning rate in each step; 0 for none.", \.weightDecay),
      .option(
        conditionDropout,
        "The share of the images of which the model is told only some attributes, so that it also does without; by default 0.5.",
        \.conditionDropout),
      .option("init-images", "Images of the data-dependent initialization.", \.initializationImages),
      .option(weightOfClassifier, "Weight of the classifier's cross-entropy.", \.weightY),
      .toggle("flip", "Mirror images at random.") { $0.augmentation.horizontalFlip = $1 },
      .option("shift", "Shift images at random by up to this fraction.", \.augmentation.shift),
      .option("micro-batch", "Images per pass; a larger batch is taken in parts, in less memory.", \.microBatch),
      .option(
        memory, "Activations: reversible rebuilds them, keep stores them, auto stores what fits.", \.memory),
      .option(memoryBudget, "What auto may store, such as 2GB; by default half of the free memory.") {
        (settings, count: ByteCount) in settings.memoryBudget = count.bytes
      },
      .option(
        precision,
        """
        What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32. By default auto: bf16 where the \
        processor multiplies it faster and a first pass finds no harm.
        """
      ) { (settings, choice: PrecisionFlag) in settings.precision = choice.precision },
      .option("wire", "What gradients are between processes: float32, or bf16 for half of the bytes.", \.wire),
      .option(
        "bucket", "Gradients that leave for other processes at a time; by default a sixteenth of all, 256 KiB to 8 MiB."
      ) { (settings, count: ByteCount) in settings.bucketBytes = count.bytes },
      .option(
        "prefetch",
        "Batches that are read ahead, for disks and mounts that stall; by default what 64 MB hold, 4 to 64.",
        \.prefetch),
      .option("readers", "Threads that read images; by default 2.", \.readers),
      .option(
        "picture-cache",
        "Memory for decoded pictures, such as 2GB; 0 for none. By default an eighth of the free memory, at most 1 GB."
      ) { (settings, count: ByteCount) in settings.pictureCache = count.bytes },
      .option(
        "picture-cache-disk",
        "Files beside the run for pictures beyond that; 0 for none. By default an eighth of the free disk, at most 8 GB."
      ) { (settings, count: ByteCount) in settings.pictureCacheDisk = count.bytes },
      .option("validate-every", "Images between validations.", \.validateEvery),
      .option("checkpoint-every", "Images between checkpoints.", \.checkpointEvery),
      .option(
        "keep-newest", "How many of the newest checkpoints to keep, beside the best one; by default 2.", \.keepNewest),
      .option("keep-every", "Keep a checkpoint each so many images for good.", \.keepEvery),
      .option(
        "failed-writes",
        "Where a file of the run cannot be written, as on a full disk: stop, or continue and try again with the next.",
        \.onFailedWrite),
      .option(
        "skip-damaged", "How many images that cannot be read may be skipped; each is named once. By default none.",
        \.skipDamaged),
      .option("seed", "Seed of everything that is drawn.", transform: seedNumber, \.seed),
    ]
  }

  static let conditionDropout = "condition-dropout"
  private static let (weightOfClassifier, memory, memoryBudget, precision) = (
    "weight-y", "memory", "memory-budget", "precision"
  )

  /// Flags that only some families have a meaning for.
  fileprivate static let features: [String: FlowFeature] = [
    weightOfClassifier: .classifier, memory: .keptActivations, memoryBudget: .keptActivations, precision: .precision,
  ]
}

extension GivenFlags where List == TrainingFlagList {
  /// Throws for the first flag that was given and has no meaning for a family.
  func requireMeaning(for family: any FlowConfiguration.Type) throws {
    var settings = TrainingConfiguration(data: "")
    apply(to: &settings)
    for name in names {
      guard let feature = TrainingFlagList.features[name], !family.features.contains(feature) else { continue }
      if feature == .precision, settings.precision ?? .float32 == .float32 { continue }
      throw ValidationError("--\(name) has no meaning for a \(family.title): leave it out")
    }
  }
}

/// Flags that say what training refuses and how it recovers.
typealias GuardFlags = GivenFlags<GuardFlagList>

enum GuardFlagList: SettingFlagList {
  static var flags: [SettingFlag<TrainingConfiguration>] {
    [
      guardOption(
        "max-condition", "The largest condition number of a 1x1 convolution; 0 for no limit. By default 1e5.",
        \.conditionNumber),
      guardOption(
        "max-scale", "The most by which couplings may scale elements up or down; 0 for no limit. By default 1e6.",
        \.scale),
      .option(
        "max-round-trip", "The largest round-trip error; 0 for no limit. By default half a level of the pixels."
      ) { (settings, error: Double) in change(&settings) { $0.roundTripError = error } },
      guardOption(
        "roll-backs", "How many times in a row to go back to a checkpoint; 0 to give up at once. By default 3.",
        \.rollBacks),
      guardOption(
        "roll-back-rate", "What each time in a row multiplies the learning rate by. By default 0.5.",
        \.learningRateFactor),
      guardOption(
        "roll-back-images", "For how many images the learning rate stays low then. By default 25000.", \.images),
    ]
  }

  private static func change(_ settings: inout TrainingConfiguration, _ body: (inout Guards) -> Void) {
    var guards = settings.guards ?? Guards()
    body(&guards)
    settings.guards = guards
  }

  private static func guardOption<Value: ExpressibleByArgument>(
    _ name: String, _ help: ArgumentHelp, _ path: WritableKeyPath<Guards, Value>
  ) -> SettingFlag<TrainingConfiguration> {
    .option(name, help) { (settings, value: Value) in change(&settings) { $0[keyPath: path] = value } }
  }
}

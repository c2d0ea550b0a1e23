import ArgumentParser
import Cluster
import Datasets
import FlowModels
import Flows
import Foundation
import Logging
import Runs
import Torch
import Training

extension GlowConfiguration.Permutation: ExpressibleByArgument {}
extension GlowConfiguration.Coupling: ExpressibleByArgument {}
extension GlowConfiguration.Scale: ExpressibleByArgument {}
extension TrainingConfiguration.Optimizer: ExpressibleByArgument {}
extension TrainingConfiguration.Decay: ExpressibleByArgument {}
extension TrainingConfiguration.FailedWrite: ExpressibleByArgument {}
extension TrainingConfiguration.WirePrecision: ExpressibleByArgument {}

/// The kinds of model, by the names that checkpoints have for them.
enum Architecture: String, ExpressibleByArgument, CaseIterable {
  case glow, realnvp

  init(of preset: Preset) { self = Architecture(rawValue: type(of: preset.model).kind)! }

  var presets: [Preset] { Preset.all.filter { Architecture(of: $0) == self } }
}

enum Labels: String, ExpressibleByArgument, CaseIterable { case none, prior, priors, everywhere }
extension MemoryPolicy: ExpressibleByArgument {}
extension ConditionerPrecision: ExpressibleByArgument {}

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model on images.",
    discussion: """
      The run folder gets checkpoints, metrics.jsonl, layers.jsonl (a line a validation: every layer) and log.jsonl. \
      Ctrl-C saves and exits; --resume goes on exactly where the run was.

      Started by glow launch, torchrun, srun or mpirun, the processes train one model together, each on its part of every \
      batch.

      Exit status: 0 finished; 1 bad input; 3 the guards gave up (the loss is not finite, say); 4 a file of the run could \
      not be written; 5 another process of the job failed; 64 wrong flags; 130 stopped on request and saved. After 3, 4 \
      and 5 the last checkpoint is intact.

      Presets (glow presets lists their settings):
      \(Preset.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
      """)

  @Option(help: "fashion-mnist, cifar10:FOLDER, idx:FOLDER, or a folder of PNG and JPEG pictures.")
  var data: String?
  @Option(name: [.customLong("architecture"), .customLong("model")], help: "What to train.")
  var architecture: Architecture?
  @Option(help: "Settings to start from (see below); flags change them. By default the architecture's first.")
  var preset: String?
  @Option(help: "The run folder.")
  var out: String?
  @Option(help: ArgumentHelp("Go on with this run.", valueName: "run"))
  var resume: String?
  @Flag(
    name: .customLong("continue"),
    help: "Go on with the run in --out where it has a checkpoint, and else start it: for jobs that are started again.")
  var continues = false
  @Flag(help: "Go on with a run although its images are no longer those that it began with.")
  var acceptChangedData = false
  @OptionGroup(title: "Model") var model: ModelFlags
  @OptionGroup(title: "Training") var training: TrainingFlags
  @Option(
    help: ArgumentHelp(
      "Of several processes: how long the others wait for one before they give up.", valueName: "seconds"))
  var rankTimeout = 300.0
  @OptionGroup var runtime: RuntimeOptions

  func validate() throws {
    guard rankTimeout >= 1, rankTimeout <= 86400 else {
      throw ValidationError("--rank-timeout is \(rankTimeout), expected 1 to 86400 seconds")
    }
    guard !continues || out != nil else { throw ValidationError("--continue is for --out") }
    guard (out == nil) != (resume == nil) else {
      throw ValidationError("give either --out FOLDER for a new run or --resume FOLDER to go on with one")
    }
    let settings = try startingPoint()
    guard resume != nil || !acceptChangedData else {
      throw ValidationError("--accept-changed-data is for --resume")
    }
    guard resume != nil || data != nil || !settings.needsFolder else {
      throw ValidationError("--preset \(settings.name) needs the images: add --data \(settings.training.data)")
    }
    guard resume == nil || data == nil && architecture == nil && model.areUnset && training.areUnsetButImages else {
      throw ValidationError(
        "--resume goes on with the run's own settings: beside it, only --images may be given, and --accept-changed-data"
      )
    }
  }

  private func startingPoint() throws -> Preset {
    guard let preset else { return (architecture ?? .glow).presets[0] }
    guard let named = Preset.named(preset) else {
      throw ValidationError(
        "--preset \(preset) is unknown, expected one of \(Preset.all.map(\.name).joined(separator: ", "))")
    }
    if let architecture, Architecture(of: named) != architecture {
      throw ValidationError(
        "--preset \(preset) is a preset of \(Architecture(of: named).rawValue), those of \(architecture.rawValue) are "
          + architecture.presets.map(\.name).joined(separator: ", "))
    }
    return named
  }

  func run() throws {
    do {
      guard let place = try RankEnvironment(ProcessInfo.processInfo.environment) else {
        return try train(on: runtime.start(), nil)
      }
      try TrainingJob(place, timeout: rankTimeout).run(runtime) { try train(on: $0, $1) }
    } catch let run as FailedRun {
      FileHandle.standardError.write(Data("Error: \(run)\n".utf8))
      throw run.status
    }
  }

  private func train(on device: Device, _ communicator: Communicator?) throws {
    let options = TensorOptions(.float32, on: device)
    let isLeader = communicator?.isLeader ?? true
    let resumed = try runToGoOnWith(communicator)
    let trainer =
      try resumed.map { try goOn(with: $0, options, communicator) } ?? start(in: out!, options, communicator)
    if resumed == nil || !trainer.isFinished { try watch(trainer, isLeader: isLeader) }
  }

  /// The folder of a run that has begun, if that is what there is to do.
  private func runToGoOnWith(_ communicator: Communicator?) throws -> String? {
    if let resume { return resume }
    guard continues, let out else { return nil }
    let hasBegun = { !RunFolder(URL(filePath: out)).checkpoints.isEmpty }
    return try communicator?.share(hasBegun()) ?? hasBegun() ? out : nil
  }

  private func start(
    in folder: String, _ options: TensorOptions, _ communicator: Communicator?
  ) throws -> Trainer {
    let (model, training, train, validation) = try settings()
    if communicator?.isLeader ?? true {
      let ranks = communicator.map { ", in \($0.size) processes" } ?? ""
      print("\(model.summary), on \(train.count) images \(train.shape) of \(training.data)\(ranks)")
    }
    return try Trainer(
      model: model, training: training, train: train, validation: validation, run: RunFolder(URL(filePath: folder)),
      options: options, communicator: communicator)
  }

  /// What the flags say of a new run, and its images.
  private func settings() throws -> (
    model: any FlowConfiguration, training: TrainingConfiguration, train: any ImageDataset, validation: any ImageDataset
  ) {
    var settings = try startingPoint()
    if let data {
      settings.training.data = data
    }
    if Architecture(of: settings) == .realnvp { try refuse(training.flagsOfGlow + model.flagsOfGlow, for: "RealNVP") }
    training.apply(to: &settings.training)
    try settings.training.validate()
    let (train, validation) = try open(settings.training)
    settings.model.height = train.shape.height
    settings.model.width = train.shape.width
    settings.model.channels = train.shape.channels
    try model.apply(to: &settings.model, labels: train.classNames)
    try settings.model.validate()
    return (settings.model, settings.training, train, validation)
  }

  private func goOn(
    with folder: String, _ options: TensorOptions, _ communicator: Communicator?
  ) throws -> Trainer {
    let run = RunFolder(URL(filePath: folder))
    let isLeader = communicator?.isLeader ?? true
    let saved = try communicator?.share(Trainer.savedConfiguration(of: run)) ?? Trainer.savedConfiguration(of: run)
    if continues, isLeader { try requireSettings(of: saved, in: run) }
    let (train, validation) = try open(saved)
    let trainer = try Trainer(
      resuming: run, images: training.images, train: train, validation: validation,
      acceptingChangedData: acceptChangedData, options: options, communicator: communicator)
    guard isLeader else { return trainer }
    if trainer.isFinished { trainer.notices.forEach(warn) }
    print(
      trainer.isFinished
        ? "\(folder) is finished: give more than its \(trainer.imagesSeen) images with --images to go on"
        : "Going on with \(folder) after \(trainer.imagesSeen) images")
    return trainer
  }

  /// Throws unless the flags are those that the run was begun with, but for how long it is to be.
  private func requireSettings(of saved: TrainingConfiguration, in run: RunFolder) throws {
    var (model, training, _, _) = try settings()
    training.images = saved.images
    let begun = try Trainer.savedModelConfiguration(of: run)
    let difference =
      try SettingsTable(training).difference(from: SettingsTable(saved))
      ?? SettingsTable(model).difference(from: SettingsTable(begun))
    guard type(of: model) == type(of: begun), difference == nil else {
      let what = difference.map { "\($0.name) is \($0.other) there and \($0.own) here" } ?? "it is another architecture"
      throw ValidationError(
        "--continue: the run in \(run.url.relativePath) was begun with other settings: \(what); give the same flags, or "
          + "another --out")
    }
  }

  private func open(
    _ settings: TrainingConfiguration
  ) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    let size = settings.height.flatMap { height in settings.width.map { (height, $0) } }
    return try DatasetSource(parsing: settings.data).openTraining(
      size: size, channels: settings.channels, seed: settings.seed,
      toleratingDamage: settings.skipDamaged != nil)
  }

  private func watch(_ trainer: Trainer, isLeader: Bool) throws {
    let signals = StopSignals(isQuiet: !isLeader)
    trainer.shouldStop = { signals.isRequested }
    trainer.shouldInterrupt = { signals.isRequested }
    guard isLeader else {
      trainer.logger = Logger(label: "glow") { _ in
        var log = TerminalLog(ProgressBar())
        log.logLevel = .warning
        return log
      }
      try fit(trainer)
      if !trainer.isFinished { throw ExitCode(130) }
      return
    }
    print(
      "\(trainer.model.parameters.count) parameters; \(activations(of: trainer)); "
        + "run folder \(trainer.run.url.relativePath)")
    // Standard output is buffered when it is no terminal; this belongs before the progress on standard error.
    fflush(nil)
    let bar = ProgressBar()
    trainer.logger = Logger(label: "glow") { [run = trainer.run] _ in
      MultiplexLogHandler([TerminalLog(bar), RunLog(run)])
    }
    trainer.onProgress = { progress in
      bar.update(
        progress.images, of: progress.totalImages,
        String(
          format: "%.3f bits/dim  %.0f images/s  %@ left", progress.bitsPerDimension, progress.imagesPerSecond,
          duration(progress.secondsLeft)))
    }
    trainer.onMetrics = { metrics in
      guard let validation = metrics.validationBitsPerDimension else { return }
      bar.print(
        String(
          format: "%d images: train %.3f, validation %.3f bits/dim; round trip %.1e", metrics.images,
          metrics.trainBitsPerDimension, validation, metrics.roundTripError ?? 0)
          + (metrics.worstConditionNumber.map { String(format: "; worst condition number %.1f", $0) } ?? ""))
    }
    defer { bar.clear() }
    try fit(trainer, bar)
    bar.clear()
    let folder = trainer.run.url.relativePath
    guard trainer.isFinished else {
      let time = signals.secondsSinceRequest.map { String(format: " (%.1f s after the request)", $0) } ?? ""
      print("Saved after \(trainer.imagesSeen) images\(time); go on with: glow train --resume \(folder)")
      throw ExitCode(130)
    }
    print("Done: \(trainer.imagesSeen) images; the model is in \(folder)")
  }

  private func fit(_ trainer: Trainer, _ bar: ProgressBar? = nil) throws {
    do { try trainer.fit() } catch let error as TrainingError where error.kind != .other {
      bar?.clear()
      throw FailedRun(error)
    }
  }
}

/// A run that ended with a status of its own.
struct FailedRun: Error, CustomStringConvertible {
  let error: TrainingError
  var description: String { error.description }
  var status: ExitCode { ExitCode(error.kind == .diverged ? 3 : 4) }

  init(_ error: TrainingError) { self.error = error }
}

/// What training does with activations between the passes.
private func activations(of trainer: Trainer) -> String {
  guard let glow = trainer.model.configuration as? GlowConfiguration else { return "activations rebuilt" }
  let (kept, bytes) = trainer.keptActivations
  let steps = glow.levels * glow.steps
  return "activations of \(kept.count) of \(steps) steps of flow kept (\(ByteCount(bytes: bytes)))"
    + (kept.count < steps ? ", the others rebuilt" : "")
}

/// Throws for the first flag that was given and has no meaning for a model.
private func refuse(_ flags: [(name: String, isGiven: Bool)], for model: String) throws {
  guard let flag = flags.first(where: \.isGiven) else { return }
  throw ValidationError("--\(flag.name) has no meaning for a \(model): leave it out")
}

/// Flags that change a preset's model.
struct ModelFlags: ParsableArguments {
  @Option(help: "L, levels.") var levels: Int?
  @Option(help: "K, steps of flow per level; of RealNVP, couplings of each kind per level.") var steps: Int?
  @Option(help: "Of RealNVP: residual blocks of the coupling networks.") var blocks: Int?
  @Option(help: "Hidden channels of the coupling networks.") var hidden: Int?
  @Option(help: "Bits per channel, 1 to 8.") var bits: Int?
  @Option var permutation: GlowConfiguration.Permutation?
  @Option var coupling: GlowConfiguration.Coupling?
  @Option(help: "Of affine couplings.") var scale: GlowConfiguration.Scale?
  @Option(help: "Lower bound of the sigmoid scale; 0 as published.") var minimumScale: Double?
  @Flag(inversion: .prefixedNo, help: "Mark the padding of 3x3 convolutions with a channel.") var edgeChannel: Bool?
  @Flag(inversion: .prefixedNo, help: "Learn the top prior.") var learnTop: Bool?
  @Option(help: "Condition on the images' labels, where they have any.") var labels: Labels?
  @Flag(inversion: .prefixedNo, help: "Predict the label from the top latent (see --weight-y).") var classifier: Bool?

  var areUnset: Bool {
    [levels, steps, blocks, hidden, bits].allSatisfy { $0 == nil } && permutation == nil && coupling == nil
      && scale == nil
      && minimumScale == nil && edgeChannel == nil && learnTop == nil && labels == nil && classifier == nil
  }

  /// Those that only a Glow has a meaning for, and whether each was given.
  var flagsOfGlow: [(name: String, isGiven: Bool)] {
    [
      ("permutation", permutation != nil), ("coupling", coupling != nil), ("scale", scale != nil),
      ("minimum-scale", minimumScale != nil), ("edge-channel", edgeChannel != nil), ("learn-top", learnTop != nil),
      ("labels", labels != nil && labels != Labels.none), ("classifier", classifier != nil),
    ]
  }

  func apply(to model: inout any FlowConfiguration, labels names: [String]) throws {
    switch model {
    case var glow as GlowConfiguration:
      try refuse([("blocks", blocks != nil)], for: "Glow")
      try apply(to: &glow, labels: names)
      model = glow
    case var realNVP as RealNVPConfiguration:
      if let levels { realNVP.levels = levels }
      if let steps { realNVP.couplings = steps }
      if let blocks { realNVP.blocks = blocks }
      if let hidden { realNVP.hidden = hidden }
      if let bits { realNVP.bits = bits }
      model = realNVP
    default: preconditionFailure("no flags for a \(type(of: model).kind)")
    }
  }

  private func apply(to model: inout GlowConfiguration, labels names: [String]) throws {
    if let levels { model.levels = levels }
    if let steps { model.steps = steps }
    if let hidden { model.hidden = hidden }
    if let bits { model.bits = bits }
    if let permutation { model.permutation = permutation }
    if let coupling { model.coupling = coupling }
    if let scale { model.scale = scale }
    if let minimumScale { model.minimumScale = minimumScale }
    if let edgeChannel { model.edgeChannel = edgeChannel }
    if let learnTop { model.learnTop = learnTop }
    if let classifier { model.classifier = classifier }
    if let labels, labels != .none, names.isEmpty {
      throw ValidationError("--labels \(labels.rawValue): the images have no labels")
    }
    switch labels {
    case .prior: model.labelConditioning = .prior
    case .priors: model.labelConditioning = .priors
    case .everywhere: model.labelConditioning = .everywhere
    case .some(.none), nil: break
    }
    let areTaken = labels.map { $0 != .none } ?? !model.classNames.isEmpty
    model.classNames = areTaken ? names : []
    if model.classifier && model.classNames.isEmpty {
      throw ValidationError("the classifier needs images with labels: add --no-classifier to train without")
    }
  }
}

/// Flags that change a preset's training.
struct TrainingFlags: ParsableArguments {
  @Option(help: "Images to train on, counting repetitions.") var images: Int?
  @Option(help: ArgumentHelp("Crop and resize pictures: N or HEIGHTxWIDTH.", valueName: "pixels")) var size: PixelSize?
  @Option(help: "1 for gray, 3 for colour.") var channels: Int?
  @Option(help: "Images per step.") var batch: Int?
  @Option var optimizer: TrainingConfiguration.Optimizer?
  @Option(help: "Learning rate.") var lr: Double?
  @Option(help: "What of the gradients' average stays with each step, at least 0 and below 1.") var beta1: Double?
  @Option(help: "What of the average (adam) or maximum (adamax) of their size stays, at least 0 and below 1.")
  var beta2: Double?
  @Option(help: "How the learning rate falls.") var decay: TrainingConfiguration.Decay?
  @Option(help: "Images over which the learning rate rises.") var warmup: Int?
  @Option(help: "Images that the average of the weights looks back.") var average: Int?
  @Option(help: "Largest gradient norm; 0 for none.") var clip: Double?
  @Option(help: "Weights shrink by this times the learning rate in each step; 0 for none.") var weightDecay: Double?
  @Option(help: "Images of the data-dependent initialisation.") var initImages: Int?
  @Option(help: "Weight of the classifier's cross-entropy.") var weightY: Double?
  @Flag(inversion: .prefixedNo, help: "Mirror images at random.") var flip: Bool?
  @Option(help: "Shift images at random by up to this fraction.") var shift: Double?
  @Option(help: "Images per pass; a larger batch is taken in parts, in less memory.") var microBatch: Int?
  @Option(help: "Activations: reversible rebuilds them, keep stores them, auto stores what fits.")
  var memory: MemoryPolicy?
  @Option(help: "What auto may store, such as 2GB; by default half of the free memory.") var memoryBudget: ByteCount?
  @Option(help: "What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32.")
  var precision: ConditionerPrecision?
  @Option(help: "What gradients are between processes: float32, or bf16 for half of the bytes.")
  var wire: TrainingConfiguration.WirePrecision?
  @Option(help: "Gradients that leave for other processes at a time; by default a sixteenth of all, 256 KiB to 8 MiB.")
  var bucket: ByteCount?
  @Option(help: "Batches that are read ahead, for disks and mounts that stall; by default what 64 MB hold, 4 to 64.")
  var prefetch: Int?
  @Option(help: "Threads that read images; by default 2.") var readers: Int?
  @Option(help: "Images between validations.") var validateEvery: Int?
  @Option(help: "Images between checkpoints.") var checkpointEvery: Int?
  @Option(help: "How many of the newest checkpoints to keep, beside the best one; by default 2.") var keepNewest: Int?
  @Option(help: "Keep a checkpoint each so many images for good.") var keepEvery: Int?
  @Option(
    help: "Where a file of the run cannot be written, as on a full disk: stop, or continue and try again with the next."
  )
  var failedWrites: TrainingConfiguration.FailedWrite?
  @Option(help: "How many images that cannot be read may be skipped; each is named once. By default none.")
  var skipDamaged: Int?
  @OptionGroup(title: "Guards") var guards: GuardFlags
  @Option var seed: UInt64?

  var areUnsetButImages: Bool {
    [
      channels, batch, microBatch, prefetch, readers, warmup, average, initImages, validateEvery, checkpointEvery,
      keepNewest, keepEvery,
    ]
    .allSatisfy { $0 == nil }
      && [lr, beta1, beta2, clip, weightDecay, weightY, shift].allSatisfy { $0 == nil } && size == nil
      && optimizer == nil
      && decay == nil
      && flip == nil && memory == nil && memoryBudget == nil && precision == nil && seed == nil && wire == nil
      && bucket == nil
      && failedWrites == nil && skipDamaged == nil && guards.areUnset
  }

  /// Those that only a Glow has a meaning for, and whether each was given.
  var flagsOfGlow: [(name: String, isGiven: Bool)] {
    [
      ("weight-y", weightY != nil), ("memory", memory != nil), ("memory-budget", memoryBudget != nil),
      ("precision", precision != nil && precision != .float32),
    ]
  }

  func apply(to training: inout TrainingConfiguration) {
    if let images { training.images = images }
    if let size { (training.height, training.width) = (size.height, size.width) }
    if let channels { training.channels = channels }
    if let batch { training.batchSize = batch }
    if let optimizer { training.optimizer = optimizer }
    if let lr { training.learningRate = lr }
    if let beta1 { training.beta1 = beta1 }
    if let beta2 { training.beta2 = beta2 }
    if let decay { training.decay = decay }
    if let warmup { training.warmupImages = warmup }
    if let average { training.averageImages = average }
    if let clip { training.gradientClip = clip }
    if let weightDecay { training.weightDecay = weightDecay }
    if let initImages { training.initializationImages = initImages }
    if let weightY { training.weightY = weightY }
    if let flip { training.augmentation.horizontalFlip = flip }
    if let shift { training.augmentation.shift = shift }
    if let microBatch { training.microBatch = microBatch }
    if let memory { training.memory = memory }
    if let memoryBudget { training.memoryBudget = memoryBudget.bytes }
    if let precision { training.precision = precision }
    if let prefetch { training.prefetch = prefetch }
    if let readers { training.readers = readers }
    if let wire { training.wire = wire }
    if let bucket { training.bucketBytes = bucket.bytes }
    if let validateEvery { training.validateEvery = validateEvery }
    if let checkpointEvery { training.checkpointEvery = checkpointEvery }
    if let keepNewest { training.keepNewest = keepNewest }
    if let keepEvery { training.keepEvery = keepEvery }
    if let skipDamaged { training.skipDamaged = skipDamaged }
    if let failedWrites { training.onFailedWrite = failedWrites }
    if !guards.areUnset {
      var changed = training.guards ?? Guards()
      guards.apply(to: &changed)
      training.guards = changed
    }
    if let seed { training.seed = seed }
  }
}

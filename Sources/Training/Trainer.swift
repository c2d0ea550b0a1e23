import Cluster
import Datasets
import FlowModels
import Flows
import Foundation
import Logging
import ModelImages
import Runs
import Torch

/// Trains a model: the loop, and around it how a run starts, its validations, checkpoints and guards.
///
/// ```swift
/// let (train, validation) = try DatasetSource(parsing: "fashion-mnist").openTraining(seed: 0)
/// let model = GlowConfiguration(height: 28, width: 28, channels: 1, levels: 2, steps: 8, hidden: 64)
/// var training = TrainingConfiguration(data: "fashion-mnist")
/// training.images = 100_000
/// let trainer = try Trainer(
///   model: model, training: training, train: train, validation: validation,
///   run: RunFolder(URL(filePath: "runs/first")))
/// trainer.onProgress = { print($0.images, $0.bitsPerDimension) }
/// try trainer.fit()
/// ```
public final class Trainer {
  /// The model that is trained. Once ``fit()`` has returned it holds the weights' average over time
  /// (``TrainingConfiguration/averageImages``), which validations measure and the newest checkpoint holds, and multiplies
  /// float32, as evaluations do. Before, and within the callbacks, it holds the weights that the next step changes; there
  /// ``withAveragedWeights(_:)`` gives the average.
  public let model: any FlowModel
  /// The weights as the last step left them, from which a further `fit` goes on, while `model` holds their average.
  private var steppedWeights: Tensor?
  /// The run's settings, with what the run chose where they left it open.
  public internal(set) var configuration: TrainingConfiguration
  /// Where checkpoints, metrics and the log are written.
  public let run: RunFolder
  let train: any ImageDataset
  let validation: any ImageDataset
  /// Reads the images' fingerprints anew.
  let readFingerprints: @Sendable () -> TrainingState.Fingerprints
  let fingerprints: TrainingState.Fingerprints
  let optimizer: Optimizer
  let average: WeightAverage?
  let ranks: Ranks
  /// Bytes for kept activations.
  private let activationBudget: Int
  /// The images of this rank's part of a batch that go through the model at a time.
  public let imagesPerPass: Int
  var state: TrainingState
  /// How the precision of a new run was chosen; nil where it was given.
  public internal(set) var precisionChoice: PrecisionChoice?
  /// What a new run took from the model that it began as; nil for fresh weights.
  public internal(set) var takenTensors: TakenTensors?
  /// From the start until `fit` ends.
  var lock: RunLock?
  let writer = CheckpointWriter()
  /// While `fit` runs.
  var events: RunEvents?
  var hasWrittenLine = false
  /// After how many images the newest checkpoint was written.
  var savedImages: Int?

  /// Told what a person should know: what was refused, rolled back, passed over or not written, and where the run is. By
  /// default nobody is told; `log.jsonl` in the run's folder says it in any case. `.standardError()` prints it.
  public var logger = Logger(label: "glow.training") { _ in SwiftLogNoOpLogHandler() }
  /// What was passed over when the run was opened, such as a damaged checkpoint; `fit` logs it.
  public internal(set) var notices: [String] = []
  /// Called after every step.
  public var onProgress: (TrainingProgress) -> Void = { _ in }
  /// Called with every line of metrics, about once per hundred steps and at each validation.
  public var onMetrics: (Metrics) -> Void = { _ in }
  /// Asked after every step: true saves and ends the run.
  public var shouldStop: () -> Bool = { false }
  /// Asked during validations: true breaks off, saves and ends the run; a resume validates anew.
  public var shouldInterrupt: () -> Bool = { false }

  /// What every way to start comes to.
  init(
    model: any FlowModel, state: TrainingState, train: any ImageDataset, validation: any ImageDataset, run: RunFolder,
    communicator: Communicator?
  ) throws {
    let configuration = state.configuration
    for dataset in [train, validation] {
      try model.configuration.requireFit(ofLabeled: dataset)
      let missing = model.configuration.attributesMissing(in: dataset)
      guard missing.isEmpty else {
        throw ModelError.request(
          "the images of \(dataset.name) have no attributes \(missing.joined(separator: ", ")), on which the model is "
            + "conditioned")
      }
    }
    guard configuration.averageImages == 0 || !model.keepsStatistics else {
      throw ModelError.invalid(
        field: "averageImages", value: "\(configuration.averageImages)",
        expected:
          "0: the running averages of its batch normalizations fit the model's weights, not an average of weights")
    }
    self.model = model
    self.configuration = configuration
    self.state = state
    self.run = run
    ranks = try Ranks(communicator, model.parameters, configuration)
    guard configuration.batchSize >= ranks.count else {
      throw ModelError.invalid(
        field: "batchSize", value: "\(configuration.batchSize)",
        expected: "\(ranks.count) or more: each of \(ranks.count) ranks needs an image of every batch")
    }
    imagesPerPass = min(ranks.largestPart(of: configuration.batchSize), configuration.microBatch ?? .max)
    if let limit = configuration.skipDamaged {
      self.train = SkippingDataset(train, limit: limit, damaged: state.damaged?.train ?? [])
      self.validation = SkippingDataset(validation, limit: limit, damaged: state.damaged?.validation ?? [])
    } else {
      (self.train, self.validation) = (train, validation)
    }
    readFingerprints = { .init(train: train, validation: validation) }
    fingerprints = readFingerprints()
    // Before the optimizer takes memory of its own.
    activationBudget = try configuration.memoryBudget ?? ranks.leastBudget(on: model.options.device)
    optimizer = try Optimizer(
      configuration.optimizer, model.parameters, beta1: configuration.beta1, beta2: configuration.beta2,
      epsilon: configuration.epsilon, weightDecay: configuration.weightDecay ?? 0)
    average =
      configuration.averageImages == 0
      ? nil
      : try WeightAverage(
        model.parameters, decay: max(0, 1 - Double(configuration.batchSize) / Double(configuration.averageImages)))
    if state.kept == nil || state.ranks ?? 1 != ranks.count { planActivations() }
    self.state.ranks = ranks.count == 1 ? nil : ranks.count
    try model.use(precision)
  }

  func planActivations() {
    guard model.configuration.canKeepActivations else { return }
    state.kept = configuration.memory.plan(
      for: model.configuration, batch: imagesPerPass, precision: precision, budget: activationBudget)
  }

  /// What the conditioners multiply in training steps.
  var precision: ConditionerPrecision { configuration.precision ?? .float32 }

  /// The steps of flow that keep their activations for the backward pass, the number of all that could, and the bytes that
  /// the kept ones take. Both numbers are 0 for a family of models that always rebuilds them.
  public var keptActivations: (kept: KeptActivations, steps: Int, bytes: Int) {
    let flow = model.configuration
    let kept = state.kept ?? .none(of: flow)
    return (
      kept, KeptActivations.all(of: flow).count, kept.bytes(of: flow, batch: imagesPerPass, precision: precision)
    )
  }

  /// Images trained on so far, counting repetitions; the last batch may go beyond what was asked for.
  public var imagesSeen: Int { state.imagesSeen }
  /// Whether all images have been seen and the last validation is done.
  public var isFinished: Bool { hasSeenAll && state.dueMeasurement == nil }
  var hasSeenAll: Bool { state.imagesSeen >= configuration.images }

  /// Trains until all images are seen or `shouldStop` says so; ends with a checkpoint, and with the averaged weights in
  /// ``model``. Where a guard refuses a step, training goes on from a checkpoint with a lower learning rate. After a stop,
  /// another call goes on as if there had been none.
  /// - Throws: `TrainingError` when the guards give up or a file cannot be written: the last checkpoint stays as it was.
  public func fit() throws {
    if lock == nil, ranks.isLeader { lock = try RunLock(run) }
    defer { lock = nil }
    try takeUpWeights()
    notices.forEach { log.warning("\($0)") }
    if let takenTensors, let origin = configuration.from {
      log.info("begun as a model: \(takenTensors)", metadata: ["model": "\(origin.model)"])
    }
    if let precisionChoice { log.info("\(precisionChoice)") }
    log.info(
      "training",
      metadata: [
        "images": .stringConvertible(state.imagesSeen), "totalImages": .stringConvertible(configuration.images),
      ])
    for note in train.notes + validation.notes.filter({ !train.notes.contains($0) }) {
      log.info("\(note)", metadata: ["images": .stringConvertible(state.imagesSeen)])
    }
    defer { events = nil }
    do {
      if savedImages == nil { try save() }
      while true {
        do {
          if ranks.isLeader {
            try tolerating { events = try RunEvents(run, after: state.steps == 0 ? nil : state.lastLine) }
          }
          try takeSteps()
          break
        } catch let divergence as Divergence { try rollBack(from: divergence) }
      }
    } catch {
      try? writer.wait()
      log.critical("\(error)", metadata: ["images": .stringConvertible(state.imagesSeen)])
      throw error
    }
    reportDamage()
    if isFinished, ranks.isLeader { run.removePictureCache() }
    try leaveAverage()
    log.info(isFinished ? "finished" : "stopped", metadata: ["images": .stringConvertible(state.imagesSeen)])
  }

  private func takeUpWeights() throws {
    if let steppedWeights { try model.parameters.values.assign(steppedWeights) }
    steppedWeights = nil
    try model.use(precision)
  }

  private func leaveAverage() throws {
    try model.use(.float32)
    guard let average, state.steps > 0 else { return }
    steppedWeights = try model.parameters.values.copy()
    try model.parameters.values.assign(average.value())
  }

  private func takeSteps() throws {
    let batches = BatchStream(
      dataset: train, batchSize: configuration.batchSize, part: ranks.part(of: configuration.batchSize),
      seed: configuration.seed, startingAt: state.imagesSeen, augmentation: configuration.augmentation,
      attributes: model.configuration.attributeNames, attributeDropout: configuration.conditionDropout ?? 0.5,
      prefetch: configuration.prefetch, workers: configuration.readers ?? 2)
    defer { batches.close() }
    var meter = Meter(state)
    ranks.startLine()
    var checkpointIsDue = false
    if let due = state.dueMeasurement {
      guard try finishLine(&meter, due, validating: true) else { return }
      savedImages = nil
      if hasSeenAll { try saveLast() }
    }

    while !hasSeenAll {
      try tolerating(writer.throwFailure)
      reportDamage()
      ranks.enter(.reading)
      let batch = try ModelBatch(batches.next(), for: model)
      ranks.enter(.computing)
      try model.parameters.zeroGradients()
      let loss = try gradients(of: batch)
      let norm = try model.parameters.gradientNorm()
      if checkpointIsDue {
        // Only now can it be known that the last step left weights to go on with.
        _ = try figures(of: loss, norm, batch)
        try save()
      }
      let learningRate = learningRate()
      try optimizer.step(
        learningRate: learningRate, norm: norm, clip: configuration.gradientClip, average: average)
      // The one place that waits for the device, when all work of the step is under way.
      let (bitsPerDimension, gradientNorm) = try figures(of: loss, norm, batch)
      try model.finishStep()
      if model.keepsStatistics { try ranks.average(model.buffers) }
      state.imagesSeen += configuration.batchSize
      state.steps += 1
      state.validation = nil
      state.seconds = meter.count(bitsPerDimension, images: configuration.batchSize)
      state.line = meter.sums
      ranks.count(steps: state.steps)
      onProgress(meter.progress(images: state.imagesSeen, of: configuration.images))

      let validate = crosses(configuration.validateEvery) || hasSeenAll
      var stop = false
      if validate || state.steps % 100 == 0 {
        let step = TrainingState.DueMeasurement(gradientNorm: gradientNorm, learningRate: learningRate)
        stop = try !finishLine(&meter, step, validating: validate)
      }
      stop = try loss.asksToStop(shouldStop) || stop
      checkpointIsDue = crosses(configuration.checkpointEvery)
      if stop || hasSeenAll {
        // No step follows that would tell whether this one left weights to go on with.
        try requireFiniteLoss(batch)
        try saveLast()
      }
      if stop { break }
    }
  }
}

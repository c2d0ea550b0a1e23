import Cluster
import Datasets
import FlowModels
import Flows
import Foundation
import Imaging
import Logging
import Runs
import Torch

/// What a running training tells whoever watches.
public struct TrainingProgress: Sendable {
  public var images: Int
  public var totalImages: Int
  /// Bits per dimension of the last batches, averaged.
  public var bitsPerDimension: Double
  public var imagesPerSecond: Double
  public var secondsLeft: Double
}

/// Trains a model: the loop, its checkpoints and its measurements.
public final class Trainer {
  public let model: any FlowModel
  public let configuration: TrainingConfiguration
  public let run: RunFolder
  let train: any ImageDataset
  let validation: any ImageDataset
  /// Reads the images' fingerprints anew.
  let readFingerprints: @Sendable () -> TrainingState.Fingerprints
  private let fingerprints: TrainingState.Fingerprints
  let optimizer: Optimizer
  let average: WeightAverage?
  let ranks: Ranks
  /// Of this rank's part of a batch.
  let imagesPerPass: Int
  var state: TrainingState
  /// From the start until `fit` ends.
  private var lock: RunLock?
  let writer = CheckpointWriter()
  /// While `fit` runs.
  private var events: RunEvents?
  private var hasWrittenLine = false
  /// After how many images the newest checkpoint was written.
  var savedImages: Int?

  /// Told what a person should know: what was refused, rolled back, passed over or not written, and where the run is.
  public var logger = Logger(label: "glow.training") { _ in SwiftLogNoOpLogHandler() }
  /// What was passed over when the run was opened, such as a damaged checkpoint; `fit` logs it.
  public private(set) var notices: [String] = []
  /// Called after every step.
  public var onProgress: (TrainingProgress) -> Void = { _ in }
  /// Called with every line of metrics, about once per hundred steps and at each validation.
  public var onMetrics: (Metrics) -> Void = { _ in }
  /// Asked after every step: true saves and ends the run.
  public var shouldStop: () -> Bool = { false }
  /// Asked during validations: true breaks off, saves and ends the run; a resume validates anew.
  public var shouldInterrupt: () -> Bool = { false }

  /// A new run in an empty folder.
  /// - Parameters:
  ///   - run: written by rank 0 alone.
  ///   - communicator: the job, if this process is one of several that train the model together, each on its part of every
  ///     batch; all must be given the same settings and images.
  public convenience init(
    model flow: any FlowConfiguration, training: TrainingConfiguration, train: any ImageDataset,
    validation: any ImageDataset, run: RunFolder, options: TensorOptions = TensorOptions(),
    communicator: Communicator? = nil
  ) throws {
    try training.validate()
    let model = try flow.makeModel(options: options, seed: training.seed)
    try self.init(model, TrainingState(configuration: training), train, validation, run, communicator)
    state.data = fingerprints
    try communicator?.requireSame(JobSettings(model: flow, training: training, images: fingerprints))
    if ranks.isLeader {
      try run.requireNew()
      try initialize()
      try run.makeFolders()
      lock = try RunLock(run)
      try run.create()
    }
    try ranks.broadcast(model.tensors)
  }

  /// The settings of the newest checkpoint of a run.
  public static func savedConfiguration(of run: RunFolder) throws -> TrainingConfiguration {
    try savedConfiguration(ofCheckpoint: newestCheckpoint(of: run).url)
  }

  /// The model of the newest checkpoint of a run.
  public static func savedModelConfiguration(of run: RunFolder) throws -> any FlowConfiguration {
    try ModelFile.readConfiguration(newestCheckpoint(of: run).url)
  }

  /// The settings of the run that wrote a checkpoint.
  public static func savedConfiguration(ofCheckpoint checkpoint: URL) throws -> TrainingConfiguration {
    try TrainingState.read(checkpoint).configuration
  }

  /// Goes on where the newest checkpoint of `run` left off: the same numbers as if it had never stopped. A damaged
  /// checkpoint is named in `notices`, and the one before it is used.
  /// - Parameters:
  ///   - images: a new total, if the run is to be longer or shorter than it was.
  ///   - acceptingChangedData: whether to go on with images that are not those that the run began with.
  ///   - communicator: the job, if this process is one of several, perhaps of another number than before. Rank 0 reads the
  ///     checkpoint and hands it to the others.
  /// - Throws: ``TrainingError``, `ModelError` or `SafetensorsError` naming the file and what is wrong in it; a
  ///   ``TrainingError`` if another process trains the run.
  public convenience init(
    resuming run: RunFolder, images: Int? = nil, train: any ImageDataset, validation: any ImageDataset,
    acceptingChangedData: Bool = false, options: TensorOptions = TensorOptions(), communicator: Communicator? = nil
  ) throws {
    if let communicator, !communicator.isLeader {
      try self.init(following: communicator, run, train, validation, options)
      return
    }
    guard FileManager.default.fileExists(atPath: run.checkpointsFolder.path) else { throw Self.noCheckpoint(in: run) }
    let lock = try RunLock(run)
    try run.restoreReplacedCheckpoints()
    let (checkpoint, damaged) = try Self.newestCheckpoint(of: run)
    var state = try TrainingState.read(checkpoint)
    if let images { state.configuration.images = images }
    try state.configuration.validate()
    let model = try ModelFile.readModel(checkpoint, options: options)
    _ = try communicator?.share(Handover(state: state, model: ModelFile.encoded(model.configuration)))
    try self.init(model, state, train, validation, run, communicator)
    if let glow = model.configuration as? GlowConfiguration, !keptActivations.kept.fits(glow) {
      throw TrainingError(
        "\(checkpoint.appending(path: CheckpointSummary.stateName).path): field kept does not fit a model of "
          + "\(glow.levels) levels of \(glow.steps) steps")
    }
    let changed = state.data.flatMap { fingerprints.difference(from: $0) }
    if let changed, !acceptingChangedData {
      throw TrainingError(
        "the images of \(state.configuration.data) have changed since the run began: \(changed); bring the old ones back, "
          + "or go on with these with --accept-changed-data")
    }
    self.state.data = fingerprints
    try communicator?.requireSame(fingerprints)
    try restoreTraining(from: checkpoint)
    try ranks.broadcast(model.tensors + vectors.map(\.1))
    self.lock = lock
    savedImages = state.imagesSeen
    notices = changed.map { ["the images have changed since the run began: \($0)"] } ?? []
    notices += damaged.map { "\($0); going on from \(checkpoint.lastPathComponent)" }
    try run.truncateMetrics(after: state.lastLine)
  }

  /// Goes on with what rank 0 has read.
  private convenience init(
    following communicator: Communicator, _ run: RunFolder, _ train: any ImageDataset, _ validation: any ImageDataset,
    _ options: TensorOptions
  ) throws {
    let handover = try communicator.receive(Handover.self)
    let model = try ModelFile.configuration(from: handover.model, file: run.url).makeModel(options: options, seed: 0)
    try self.init(model, handover.state, train, validation, run, communicator)
    state.data = fingerprints
    try communicator.requireSame(fingerprints)
    try receive()
    savedImages = state.imagesSeen
  }

  private init(
    _ model: any FlowModel, _ state: TrainingState, _ train: any ImageDataset, _ validation: any ImageDataset,
    _ run: RunFolder, _ communicator: Communicator?
  ) throws {
    let configuration = state.configuration
    for dataset in [train, validation] { try ModelBatch.check(dataset, fits: model.configuration) }
    guard configuration.averageImages == 0 || !model.keepsStatistics else {
      throw ModelError.invalid(
        field: "averageImages", value: "\(configuration.averageImages)",
        expected:
          "0: the running averages of its batch normalisations fit the model's weights, not an average of weights")
    }
    self.model = model
    self.configuration = configuration
    self.state = state
    ranks = try Ranks(communicator, model.parameters, configuration)
    guard configuration.batchSize >= ranks.count else {
      throw ModelError.invalid(
        field: "batchSize", value: "\(configuration.batchSize)",
        expected: "\(ranks.count) or more: each of \(ranks.count) ranks needs an image of every batch")
    }
    imagesPerPass = min(ranks.largestPart(of: configuration.batchSize), configuration.microBatch ?? .max)
    if let glow = model.configuration as? GlowConfiguration, state.kept == nil || state.ranks ?? 1 != ranks.count {
      let budget = try configuration.memoryBudget ?? ranks.leastBudget(on: model.options.device)
      self.state.kept = configuration.memory.plan(
        for: glow, batch: imagesPerPass, precision: configuration.precision ?? .float32, budget: budget)
    }
    self.state.ranks = ranks.count == 1 ? nil : ranks.count
    try model.use(configuration.precision ?? .float32)
    if let limit = configuration.skipDamaged {
      self.train = SkippingDataset(train, limit: limit, damaged: state.damaged?.train ?? [])
      self.validation = SkippingDataset(validation, limit: limit, damaged: state.damaged?.validation ?? [])
    } else {
      (self.train, self.validation) = (train, validation)
    }
    readFingerprints = { .init(train: DatasetFingerprint(of: train), validation: DatasetFingerprint(of: validation)) }
    fingerprints = readFingerprints()
    self.run = run
    optimizer = try Optimizer(
      configuration.optimizer, model.parameters, beta1: configuration.beta1, beta2: configuration.beta2,
      epsilon: configuration.epsilon, weightDecay: configuration.weightDecay ?? 0)
    average =
      configuration.averageImages == 0
      ? nil
      : try WeightAverage(
        model.parameters, decay: max(0, 1 - Double(configuration.batchSize) / Double(configuration.averageImages)))
  }

  /// The steps of flow that keep their activations for the backward pass, and the bytes that takes. A RealNVP keeps none.
  public var keptActivations: (kept: KeptActivations, bytes: Int) {
    guard let glow = model.configuration as? GlowConfiguration else { return (KeptActivations(steps: []), 0) }
    let kept = state.kept ?? .none(of: glow)
    let precision = configuration.precision ?? .float32
    return (kept, kept.bytes(of: glow, batch: imagesPerPass, precision: precision))
  }

  public var imagesSeen: Int { state.imagesSeen }
  public var isFinished: Bool { hasSeenAll && state.dueMeasurement == nil }
  private var hasSeenAll: Bool { state.imagesSeen >= configuration.images }

  /// Trains until all images are seen or `shouldStop` says so; ends with a checkpoint. Where a guard refuses a step,
  /// training goes on from a checkpoint with a lower learning rate.
  /// - Throws: ``TrainingError`` when the guards give up or a file cannot be written: the last checkpoint stays as it was.
  public func fit() throws {
    if lock == nil, ranks.isLeader { lock = try RunLock(run) }
    defer { lock = nil }
    notices.forEach { logger.warning("\($0)") }
    logger.info("training", metadata: ["images": "\(state.imagesSeen)", "of": "\(configuration.images)"])
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
      logger.critical("\(error)", metadata: ["images": "\(state.imagesSeen)"])
      throw error
    }
    reportDamage()
    logger.info(isFinished ? "finished" : "stopped", metadata: ["images": "\(state.imagesSeen)"])
  }

  private func takeSteps() throws {
    let batches = BatchStream(
      dataset: train, batchSize: configuration.batchSize, part: ranks.part(of: configuration.batchSize),
      seed: configuration.seed, startingAt: state.imagesSeen, augmentation: configuration.augmentation,
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

  /// Writes a line of metrics, with a validation if there is to be one.
  /// - Returns: false if the validation was interrupted; it is then due.
  private func finishLine(
    _ meter: inout Meter, _ step: TrainingState.DueMeasurement, validating: Bool
  ) throws -> Bool {
    var metrics = meter.line(state, gradientNorm: step.gradientNorm, learningRate: step.learningRate)
    try ranks.noteTimes(&metrics, steps: meter.lineSteps, logger)
    var measured: Measurement?
    if validating {
      do {
        ranks.enter(.evaluating)
        measured = try measure(&metrics)
      } catch is Interruption {
        state.dueMeasurement = step
        return false
      } catch let error as TorchError {
        throw Divergence(what: "the model cannot be measured", place: "\(error)")
      }
      state.validation = metrics.validationBitsPerDimension
    }
    state.dueMeasurement = nil
    if ranks.isLeader { try write(metrics, measured) }
    onMetrics(metrics)
    meter.restart()
    ranks.startLine()
    state.line = nil
    try ranks.together { if let measured { try check(measured.report) } }
    return true
  }

  private func write(_ metrics: Metrics, _ measured: Measurement?) throws {
    if !hasWrittenLine {
      // A run whose first checkpoint cannot be written leaves no lines that tell of it.
      try tolerating(writer.wait)
      hasWrittenLine = true
    }
    try tolerating {
      try run.append(metrics)
      if let measured { try run.append(LayerMetrics(images: state.imagesSeen, measured.report)) }
      if let samples = measured?.samples { try run.writeSamples(samples.encodePNG()) }
      try events?.append(metrics, samples: measured?.samples, scales: measured?.scales ?? [:])
    }
  }

  /// What a validation gives beside the line of metrics.
  private struct Measurement {
    var report: InvertibilityReport
    /// Some of each affine coupling's scales, by its name.
    var scales: [String: [Double]] = [:]
    var samples: PixelImage?

    static let scalesPerLayer = 10_000
  }

  private func reportDamage() {
    for case let dataset as SkippingDataset in [train, validation] {
      for report in dataset.takeReports() {
        logger.warning(
          "skipped a damaged image (\(dataset.damaged.count) of at most \(dataset.limit)): \(report)",
          metadata: ["split": "\(dataset.split.rawValue)", "images": "\(state.imagesSeen)"])
      }
    }
  }

  /// Whether the last step passed a multiple of `interval` images.
  func crosses(_ interval: Int) -> Bool { crosses(interval, at: state.imagesSeen) }

  func crosses(_ interval: Int, at images: Int) -> Bool {
    images / interval > (images - configuration.batchSize) / interval
  }

  /// Bits per dimension and the gradient's norm.
  /// - Throws: ``Divergence`` if they are not finite; then the optimiser has changed nothing, or nothing that is saved.
  private func figures(of loss: StepLoss, _ norm: Tensor, _ batch: ModelBatch) throws -> (Double, Double) {
    if let refusal = loss.refusal { throw try unmeasurable(refusal, batch) }
    if try loss.isRefusedElsewhere { throw Divergence.elsewhere }
    let bitsPerDimension = Quantisation(bits: model.configuration.bits).bitsPerDimension(
      logProbability: try loss.logProbability, dimensions: model.configuration.dimensions)
    let gradientNorm = try norm.item()
    guard bitsPerDimension.isFinite else { throw try nonFiniteLoss(of: batch) }
    guard gradientNorm.isFinite else { throw try nonFiniteGradient() }
    return (bitsPerDimension, gradientNorm)
  }

  /// Leaves the gradients of the whole batch in the model: those of this rank's images and of all others'.
  private func gradients(of batch: ModelBatch) throws -> StepLoss {
    var loss: Loss?
    var refusal: TorchError?
    do {
      let starts = Array(stride(from: 0, to: batch.count, by: imagesPerPass))
      let parts = try starts.map { start in
        let range = start..<min(batch.count, start + imagesPerPass)
        let share = Double(range.count) / Double(configuration.batchSize)
        let part = try batch.images(range)
        return try model.accumulateGradients(
          part.x, labels: part.labels, keeping: keptActivations.kept, weightY: configuration.weightY, share: share,
          onFinal: start == starts.last ? ranks.onFinal : nil)
      }
      loss = try Loss(joining: parts)
    } catch let error as TorchError {
      // Such as an inverse of a matrix that training has made singular.
      refusal = error
    }
    try ranks.waitForGradients()
    return try StepLoss(
      of: loss, refusal: refusal, wholeBatch: configuration.batchSize, shouldStop: shouldStop, ranks,
      model.options.device)
  }

  /// Data-dependent initialisation, from images of the training stream.
  private func initialize() throws {
    let count = min(configuration.initializationImages, max(train.count, configuration.batchSize))
    let stream = BatchStream(dataset: train, batchSize: count, seed: configuration.seed, prefetch: 1)
    defer { stream.close() }
    let batch = try ModelBatch(stream.next(), for: model)
    try model.initialize(from: batch.x, labels: batch.labels)
  }

  /// Measures the averaged weights on the validation images: all ranks their part, and rank 0 what is not bits/dim.
  /// - Returns: nil on the other ranks.
  private func measure(_ metrics: inout Metrics) throws -> Measurement? {
    let images = validation.evenly(configuration.validationImages)
    return try model.using(.float32) {
      try withAveragedWeights {
        var scores = try ranks.together {
          try model.scores(on: images, rank: ranks.rank, of: ranks.count, seed: configuration.seed) { _ in
            if shouldInterrupt() { throw Interruption() }
          }
        }
        scores.logProbabilities = try ranks.sum(scores.logProbabilities)
        metrics.validationBitsPerDimension = model.evaluation(of: scores, on: images).bitsPerDimension
        return try ranks.together { ranks.isLeader ? try measureInvertibility(on: images, &metrics) : nil }
      }
    }
  }

  private func measureInvertibility(on images: any ImageDataset, _ metrics: inout Metrics) throws -> Measurement {
    let held = try EvaluationBatches(dataset: images, batchSize: min(64, images.count), seed: 0).batch(at: 0)
    let batch = try ModelBatch(held, for: model)
    guard metrics.validationBitsPerDimension?.isFinite ?? true else {
      throw try nonFiniteLoss(batch.x, batch.labels, "the loss on validation images")
    }
    var scales: [String: [Double]] = [:]
    let report = try model.invertibility(
      on: batch.x, labels: batch.labels,
      observing: { name, values in
        let all = try values.elements(Double.self)
        let stride = max(1, all.count / Measurement.scalesPerLayer)
        scales[name] = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
      })
    metrics.roundTripError = report.roundTripError
    metrics.worstConditionNumber = report.worstCondition?.value
    metrics.smallestScale = report.smallestScale?.value
    metrics.largestScale = report.largestScale?.value
    return Measurement(report: report, scales: scales, samples: try? model.sampleSheet())
  }

  /// Runs `body` with the averaged weights in the model, if the run keeps an average.
  public func withAveragedWeights<R>(_ body: () throws -> R) throws -> R {
    guard let average, state.steps > 0 else { return try body() }
    return try model.parameters.withValues(average.value(), body)
  }
}

import Datasets
import FlowModels
import Flows
import Foundation
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
  private let train: any ImageDataset
  private let validation: any ImageDataset
  private let optimizer: Optimizer
  private let average: WeightAverage?
  private var state: TrainingState
  /// From the start until `fit` ends.
  private var lock: RunLock?
  /// After how many images the newest checkpoint was written.
  private var savedImages: Int?

  /// What a person should know that did not stop the run, such as a damaged checkpoint that was passed over.
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
  public convenience init(
    model flow: any FlowConfiguration, training: TrainingConfiguration, train: any ImageDataset,
    validation: any ImageDataset, run: RunFolder, options: TensorOptions = TensorOptions()
  ) throws {
    try training.validate()
    let model = try flow.makeModel(options: options, seed: training.seed)
    try self.init(model, TrainingState(configuration: training), train, validation, run)
    try run.requireNew()
    try initialize()
    try run.makeFolders()
    lock = try RunLock(run)
    try run.create()
  }

  /// The settings of the newest checkpoint of a run.
  public static func savedConfiguration(of run: RunFolder) throws -> TrainingConfiguration {
    try savedConfiguration(ofCheckpoint: newestCheckpoint(of: run).url)
  }

  /// The settings of the run that wrote a checkpoint.
  public static func savedConfiguration(ofCheckpoint checkpoint: URL) throws -> TrainingConfiguration {
    try TrainingState.read(checkpoint).configuration
  }

  /// Goes on where the newest checkpoint of `run` left off: the same numbers as if it had never stopped. A damaged
  /// checkpoint is named in `notices`, and the one before it is used.
  /// - Parameter images: a new total, if the run is to be longer or shorter than it was.
  /// - Throws: ``TrainingError``, `ModelError` or `SafetensorsError` naming the file and what is wrong in it; a
  ///   ``TrainingError`` if another process trains the run.
  public convenience init(
    resuming run: RunFolder, images: Int? = nil, train: any ImageDataset, validation: any ImageDataset,
    options: TensorOptions = TensorOptions()
  ) throws {
    guard FileManager.default.fileExists(atPath: run.checkpointsFolder.path) else { throw Self.noCheckpoint(in: run) }
    let lock = try RunLock(run)
    try run.restoreReplacedCheckpoints()
    let (checkpoint, damaged) = try Self.newestCheckpoint(of: run)
    var state = try TrainingState.read(checkpoint)
    if let images { state.configuration.images = images }
    try state.configuration.validate()
    try self.init(ModelFile.readModel(checkpoint, options: options), state, train, validation, run)
    if let glow = model.configuration as? GlowConfiguration, !keptActivations.kept.fits(glow) {
      throw TrainingError(
        "\(checkpoint.appending(path: TrainingState.stateName).path): field kept does not fit a model of "
          + "\(glow.levels) levels of \(glow.steps) steps")
    }
    try restore(from: checkpoint)
    self.lock = lock
    savedImages = state.imagesSeen
    notices = damaged.map { "\($0); going on from \(checkpoint.lastPathComponent)" }
    try run.truncateMetrics(after: state.imagesSeen - (state.dueMeasurement == nil ? 0 : 1))
  }

  private init(
    _ model: any FlowModel, _ state: TrainingState, _ train: any ImageDataset, _ validation: any ImageDataset,
    _ run: RunFolder
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
    self.state.kept =
      state.kept
      ?? (model.configuration as? GlowConfiguration).map {
        configuration.memory.plan(
          for: $0, batch: configuration.imagesPerPass, precision: configuration.precision ?? .float32,
          budget: configuration.memoryBudget, on: model.options.device)
      }
    try model.use(configuration.precision ?? .float32)
    self.train = train
    self.validation = validation
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
    return (kept, kept.bytes(of: glow, batch: configuration.imagesPerPass, precision: precision))
  }

  public var imagesSeen: Int { state.imagesSeen }
  public var isFinished: Bool { hasSeenAll && state.dueMeasurement == nil }
  private var hasSeenAll: Bool { state.imagesSeen >= configuration.images }

  /// Trains until all images are seen or `shouldStop` says so; ends with a checkpoint.
  /// - Throws: ``TrainingError`` when the loss is no longer finite: the last checkpoint stays as it was.
  public func fit() throws {
    if lock == nil { lock = try RunLock(run) }
    defer { lock = nil }
    let batches = BatchStream(
      dataset: train, batchSize: configuration.batchSize, seed: configuration.seed, startingAt: state.imagesSeen,
      augmentation: configuration.augmentation)
    defer { batches.close() }
    var meter = Meter(state)
    var checkpointIsDue = false
    if let due = state.dueMeasurement {
      guard try finishLine(&meter, due, validating: true) else { return }
      savedImages = nil
      if hasSeenAll { try save() }
    }

    while !hasSeenAll {
      let batch = try ModelBatch(batches.next(), for: model)
      try model.parameters.zeroGradients()
      let loss = try gradients(of: batch)
      let norm = try model.parameters.gradientNorm()
      if checkpointIsDue {
        // Only now can it be known that the last step left weights to go on with.
        _ = try figures(of: loss, norm, batch)
        try save()
      }
      let learningRate = configuration.learningRate(after: state.imagesSeen)
      try optimizer.step(
        learningRate: learningRate, norm: norm, clip: configuration.gradientClip, average: average)
      // The one place that waits for the device, when all work of the step is under way.
      let (bitsPerDimension, gradientNorm) = try figures(of: loss, norm, batch)
      try model.finishStep()
      state.imagesSeen += configuration.batchSize
      state.steps += 1
      state.validation = nil
      state.seconds = meter.count(bitsPerDimension, images: configuration.batchSize)
      state.line = meter.sums
      onProgress(meter.progress(images: state.imagesSeen, of: configuration.images))

      let validate = crosses(configuration.validateEvery) || hasSeenAll
      var stop = false
      if validate || state.steps % 100 == 0 {
        let step = TrainingState.DueMeasurement(gradientNorm: gradientNorm, learningRate: learningRate)
        stop = try !finishLine(&meter, step, validating: validate)
      }
      stop = shouldStop() || stop
      checkpointIsDue = crosses(configuration.checkpointEvery)
      if stop || hasSeenAll {
        // No step follows that would tell whether this one left weights to go on with.
        try requireFiniteLoss(batch)
        try save()
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
    if validating {
      do { try measure(&metrics) } catch is Interruption {
        state.dueMeasurement = step
        return false
      } catch let error as TorchError {
        throw diverged("the model cannot be measured", "\(error)")
      }
      state.validation = metrics.validationBitsPerDimension
    }
    state.dueMeasurement = nil
    try run.append(metrics)
    onMetrics(metrics)
    meter.restart()
    state.line = nil
    return true
  }

  private struct Interruption: Error {}

  /// Whether the last step passed a multiple of `interval` images.
  private func crosses(_ interval: Int) -> Bool { crosses(interval, at: state.imagesSeen) }

  private func crosses(_ interval: Int, at images: Int) -> Bool {
    images / interval > (images - configuration.batchSize) / interval
  }

  /// Bits per dimension and the gradient's norm.
  /// - Throws: ``TrainingError`` if they are not finite; then the optimiser has changed nothing, or nothing that is saved.
  private func figures(of loss: Loss, _ norm: Tensor, _ batch: ModelBatch) throws -> (Double, Double) {
    let (bitsPerDimension, gradientNorm) = (try bitsPerDimension(loss), try norm.item())
    guard bitsPerDimension.isFinite else { throw try nonFiniteLoss(batch) }
    guard gradientNorm.isFinite else { throw try nonFiniteGradient() }
    return (bitsPerDimension, gradientNorm)
  }

  private func bitsPerDimension(_ loss: Loss) throws -> Double {
    Quantisation(bits: model.configuration.bits).bitsPerDimension(
      logProbability: try loss.logProbability.mean().item(), dimensions: model.configuration.dimensions)
  }

  private func gradients(of batch: ModelBatch) throws -> Loss {
    do {
      let count = configuration.imagesPerPass
      let kept = keptActivations.kept
      let parts = try stride(from: 0, to: batch.count, by: count).map { start in
        let range = start..<min(batch.count, start + count)
        let share = Double(range.count) / Double(batch.count)
        let part = try batch.images(range)
        return try model.accumulateGradients(
          part.x, labels: part.labels, keeping: kept, weightY: configuration.weightY, share: share)
      }
      return try Loss(joining: parts)
    } catch let error as TorchError {
      // Such as an inverse of a matrix that training has made singular.
      throw diverged("no gradient can be computed", "\(error)")
    }
  }

  private func requireFiniteLoss(_ batch: ModelBatch) throws {
    let part = try batch.images(0..<configuration.imagesPerPass)
    let mean: Double = try model.logProbability(part.x, labels: part.labels).mean().item()
    guard mean.isFinite else { throw try nonFiniteLoss(batch) }
  }

  private func nonFiniteLoss(_ batch: ModelBatch) throws -> TrainingError {
    let part = try batch.images(0..<configuration.imagesPerPass)
    let layer = try model.firstNonFiniteLayer(part.x, labels: part.labels)
    return diverged(
      "the loss is not finite",
      layer.map { "the first output that is not finite is that of \($0)" } ?? "every layer's output is finite")
  }

  private func nonFiniteGradient() throws -> TrainingError {
    let parameter = try model.parameters.parameters.last {
      try $0.gradient.isFinite().converted(to: .float32).minimum().item() == 0
    }
    return diverged(
      "the gradient is not finite",
      parameter.map { "the first on the way back from the loss is that of \($0.name)" } ?? "its norm is too large")
  }

  private func diverged(_ what: String, _ place: String) -> TrainingError {
    let kept = run.checkpoints.last.map { "the checkpoint \($0.path) is intact" } ?? "there is no checkpoint yet"
    return TrainingError(
      "\(what) after \(state.imagesSeen) images: \(place); \(kept); try a lower learning rate, a longer warm-up or a "
        + "gradient clip")
  }

  /// Data-dependent initialisation, from images of the training stream.
  private func initialize() throws {
    let count = min(configuration.initializationImages, max(train.count, configuration.batchSize))
    let stream = BatchStream(dataset: train, batchSize: count, seed: configuration.seed, prefetch: 1)
    defer { stream.close() }
    let batch = try ModelBatch(stream.next(), for: model)
    try model.initialize(from: batch.x, labels: batch.labels)
  }

  private func measure(_ metrics: inout Metrics) throws {
    let images = validation.evenly(configuration.validationImages)
    try model.using(.float32) {
      try withAveragedWeights {
        metrics.validationBitsPerDimension = try model.evaluate(on: images, seed: configuration.seed) { _ in
          if shouldInterrupt() { throw Interruption() }
        }.bitsPerDimension
        let held = try EvaluationBatches(dataset: images, batchSize: min(64, images.count), seed: 0).batch(at: 0)
        let batch = try ModelBatch(held, for: model)
        let report = try model.invertibility(on: batch.x, labels: batch.labels)
        metrics.roundTripError = report.roundTripError
        metrics.worstConditionNumber = report.worstCondition?.value
        metrics.smallestScale = report.scaleRanges.values.map { $0[0] }.min()
      }
    }
  }

  /// Runs `body` with the averaged weights in the model, if the run keeps an average.
  public func withAveragedWeights<R>(_ body: () throws -> R) throws -> R {
    guard let average, state.steps > 0 else { return try body() }
    return try model.parameters.withValues(average.value(), body)
  }
}

// Checkpoints

extension Trainer {
  /// The newest checkpoint whose files are as they were written, and what is wrong with newer ones.
  /// - Throws: ``TrainingError`` if there is none; what is wrong with the newest if all are damaged.
  private static func newestCheckpoint(of run: RunFolder) throws -> (url: URL, damaged: [any Error]) {
    var damaged: [any Error] = []
    for checkpoint in run.checkpoints.reversed() {
      do { try Checksums.verify(checkpoint) } catch {
        damaged.append(error)
        continue
      }
      return (checkpoint, damaged)
    }
    throw damaged.first ?? noCheckpoint(in: run)
  }

  private static func noCheckpoint(in run: RunFolder) -> TrainingError {
    TrainingError("\(run.url.path) holds no checkpoint to resume from")
  }

  /// Writes a checkpoint: `model.safetensors` holds the averaged weights, `training.safetensors` the raw ones and the
  /// optimiser's moments.
  public func save() throws {
    guard savedImages != state.imagesSeen else { return }
    if let validation = state.validation, validation < state.best?.bitsPerDimension ?? .infinity {
      state.best = .init(images: state.imagesSeen, bitsPerDimension: validation)
    }
    try run.writeCheckpoint(images: state.imagesSeen) { folder in
      try ModelFile.write(model, values: state.steps > 0 ? average?.value() : nil, to: folder)
      state.averageMass = average?.mass ?? 0
      try state.write(to: folder)
      try SafetensorsWriter.write(
        vectors.map { SafetensorsItem(name: $0, tensor: $1) }, metadata: [:],
        to: folder.appending(path: TrainingState.tensorsName))
    }
    savedImages = state.imagesSeen
    run.deleteCheckpoints(exceptNewest: configuration.keepNewest ?? 2) { images in
      images == state.best?.images || configuration.keepEvery.map { crosses($0, at: images) } ?? false
    }
  }

  private var vectors: [(String, Tensor)] {
    [
      ("values", model.parameters.values), ("firstMoment", optimizer.firstMoment),
      ("secondMoment", optimizer.secondMoment),
    ] + (average.map { [("average", $0.sum)] } ?? [])
  }

  /// Gives `model` the weights as training left them, instead of their average.
  public static func loadRawWeights(into model: any FlowModel, from checkpoint: URL) throws {
    try read([("values", model.parameters.values)], from: checkpoint)
  }

  private static func read(_ vectors: [(String, Tensor)], from checkpoint: URL) throws {
    let url = checkpoint.appending(path: TrainingState.tensorsName)
    let file = try SafetensorsFile(contentsOf: url)
    for (name, vector) in vectors {
      let entry = try file.entry(name)
      guard entry.shape == vector.shape else {
        throw TrainingError("\(url.path): tensor \(name) has shape \(entry.shape), the model needs \(vector.shape)")
      }
      try vector.assign(file.tensor(name))
    }
  }

  private func restore(from checkpoint: URL) throws {
    try Self.read(vectors, from: checkpoint)
    optimizer.steps = state.steps
    average?.mass = state.averageMass
  }
}

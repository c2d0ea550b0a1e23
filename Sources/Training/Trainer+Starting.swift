import Cluster
import Datasets
import Files
import FlowModels
import Flows
import Foundation
import Logging
import ModelImages
import Runs
import Torch

// How a run starts: new, from its newest checkpoint, or as one of several processes behind rank 0.

extension Trainer {
  /// A new run in an empty folder.
  /// - Parameters:
  ///   - flow: the shape of the model, which gets fresh weights.
  ///   - source: a model to begin as, in place of fresh weights and their initialization from data; `training.from` is to say
  ///     which.
  ///   - test: images that training does not see, by which verbs that score them know them again.
  ///   - run: written by rank 0 alone.
  ///   - communicator: the job, if this process is one of several that train the model together, each on its part of every
  ///     batch; all must be given the same settings and images.
  public convenience init(
    model flow: any FlowConfiguration, training: TrainingConfiguration,
    startingFrom source: (any FlowModel)? = nil, train: any ImageDataset,
    validation: any ImageDataset, test: (any ImageDataset)? = nil, run: RunFolder,
    options: TensorOptions = TensorOptions(), communicator: Communicator? = nil
  ) throws {
    try training.validate()
    let model = try flow.makeModel(options: options, seed: training.seed)
    let taken = try source.map { try model.take(from: $0) }
    try self.init(
      model: model, state: TrainingState(configuration: training), train: train, validation: validation, run: run,
      communicator: communicator)
    takenTensors = taken
    state.data = fingerprints
    state.data?.test = test.map { DatasetFingerprint(of: $0) }
    try communicator?.requireSame(JobSettings(model: flow, training: training, images: fingerprints))
    if ranks.isLeader {
      try run.requireNew()
      if source == nil { try initialize() }
      try run.makeFolders()
      lock = try RunLock(run)
      try run.create()
      state.place = ImagesPlace(training.data, from: run.url)
    }
    try ranks.broadcast(model.tensors)
    if configuration.precision == nil { try choosePrecision() }
  }

  /// The settings of the newest checkpoint of a run.
  public static func savedConfiguration(of run: RunFolder) throws -> TrainingConfiguration {
    try savedConfiguration(ofCheckpoint: newestCheckpoint(of: run).url)
  }

  /// The model of the newest checkpoint of a run.
  public static func savedModelConfiguration(of run: RunFolder) throws -> any FlowConfiguration {
    try ModelFolder.readConfiguration(newestCheckpoint(of: run).url)
  }

  /// Where a run is, by its newest checkpoint.
  package static func savedState(of run: RunFolder) throws -> TrainingState {
    try TrainingState.read(newestCheckpoint(of: run).url)
  }

  /// The settings of the run that wrote a checkpoint.
  public static func savedConfiguration(ofCheckpoint checkpoint: URL) throws -> TrainingConfiguration {
    try TrainingState.read(checkpoint).configuration
  }

  /// Goes on where the newest checkpoint of `run` left off: the same numbers as if it had never stopped. A damaged
  /// checkpoint is named in `notices`, and the one before it is used.
  /// - Parameters:
  ///   - images: a new total, if the run is to be longer or shorter than it was.
  ///   - changes: settings that are to be others from here on; the guards then begin anew.
  ///   - data: where the images are now, if they have moved; as `DatasetSource` reads it.
  ///   - source: where the images that are given were found.
  ///   - test: the test images, where they are to be known again as they are now.
  ///   - acceptingChangedData: whether to go on with images that are not those that the run began with.
  ///   - communicator: the job, if this process is one of several, perhaps of another number than before. Rank 0 reads the
  ///     checkpoint and hands it to the others.
  /// - Throws: `TrainingError`, `ModelError` or `SafetensorsError` naming the file and what is wrong in it; a
  ///   `TrainingError` if another process trains the run.
  public convenience init(
    resuming run: RunFolder, images: Int? = nil, changing changes: ChangedSettings = ChangedSettings(),
    data: String? = nil, source: DatasetSource? = nil, train: any ImageDataset, validation: any ImageDataset,
    test: (any ImageDataset)? = nil, acceptingChangedData: Bool = false, options: TensorOptions = TensorOptions(),
    communicator: Communicator? = nil
  ) throws {
    if let communicator, !communicator.isLeader {
      try self.init(following: communicator, run: run, train: train, validation: validation, options: options)
      return
    }
    guard FileManager.default.fileExists(atPath: run.checkpointsFolder.path) else { throw Self.noCheckpoint(in: run) }
    let lock = try RunLock(run)
    try run.restoreReplacedCheckpoints()
    run.removeUnfinishedFiles()
    let (checkpoint, damaged) = try Self.newestCheckpoint(of: run)
    var state = try TrainingState.read(checkpoint)
    if let images { state.configuration.images = images }
    if let data { state.configuration.data = data }
    let made = changes.apply(to: &state.configuration, after: state.imagesSeen)
    if !made.isEmpty {
      state.changes = (state.changes ?? []) + made
      // What the guards refused was under the old settings.
      state.recovery = nil
    }
    if source?.isInstalled == false { state.place = source.map { ImagesPlace($0, from: run.url) } }
    try state.configuration.validate()
    let model = try ModelFolder.read(checkpoint, options: options)
    _ = try communicator?.share(
      Handover(state: state, model: ModelFolder.encoded(model.configuration), isChanged: !made.isEmpty))
    try self.init(
      model: model, state: state, train: train, validation: validation, run: run, communicator: communicator)
    if let kept = self.state.kept, !kept.fits(model.configuration) {
      throw TrainingError(
        "\(checkpoint.appending(path: CheckpointSummary.stateName).path): field kept does not fit a model of "
          + "\(counted(model.configuration.levels, "level")) of "
          + counted(KeptActivations.all(of: model.configuration).steps.max() ?? 0, "step")
      )
    }
    let changed = state.data.flatMap { fingerprints.difference(from: $0) }
    if let changed, !acceptingChangedData {
      throw TrainingError(
        "the images of \(source?.description ?? state.configuration.data) have changed since the run began: \(changed); bring the old ones back, "
          + "or go on with these with --accept-changed-data")
    }
    self.state.data = fingerprints
    self.state.data?.test = test.map { DatasetFingerprint(of: $0) } ?? state.data?.test
    try communicator?.requireSame(fingerprints)
    try restoreTraining(from: checkpoint)
    try ranks.broadcast(model.tensors + vectors.map(\.1))
    self.lock = lock
    // Changed settings are on disk at once.
    savedImages = made.isEmpty ? state.imagesSeen : nil
    notices = isFinished ? [] : made.map(\.description)
    notices += changed.map { ["the images have changed since the run began: \($0)"] } ?? []
    notices += damaged.map { "\($0); going on from \(checkpoint.lastPathComponent)" }
    try run.truncateMetrics(after: state.lastLine)
  }

  /// Goes on with what rank 0 has read.
  private convenience init(
    following communicator: Communicator, run: RunFolder, train: any ImageDataset, validation: any ImageDataset,
    options: TensorOptions
  ) throws {
    let handover = try communicator.receive(Handover.self)
    let model = try ModelFolder.configuration(from: handover.model, file: run.url).makeModel(options: options, seed: 0)
    try self.init(
      model: model, state: handover.state, train: train, validation: validation, run: run, communicator: communicator)
    state.data = fingerprints
    try communicator.requireSame(fingerprints)
    try receive()
    savedImages = handover.isChanged ? nil : state.imagesSeen
  }

  /// Data-dependent initialization, from images of the training stream.
  private func initialize() throws {
    let batch = try firstImages(configuration.initializationImages)
    try model.initialize(from: batch.x, labels: batch.labels)
  }

  private func firstImages(_ count: Int) throws -> ModelBatch {
    let stream = BatchStream(
      dataset: train, batchSize: min(count, max(train.count, configuration.batchSize)), seed: configuration.seed,
      attributes: model.configuration.attributeNames, prefetch: 1)
    defer { stream.close() }
    return try ModelBatch(stream.next(), for: model)
  }

  /// Takes bfloat16 where all ranks multiply it faster, and where a first pass finds nearly the same loss and gradient by it.
  private func choosePrecision() throws {
    let device = model.options.device
    let canBeFaster =
      device == .cpu && model.options.dtype == .float32
      && model.configuration.obstacle(to: .bfloat16, on: device) == nil
    guard try ranks.gather(canBeFaster).allSatisfy(\.self) else { return setPrecision(.float32) }
    let choice = try ranks.share(PrecisionChoice(of: model, on: firstImages(min(16, configuration.batchSize))))
    precisionChoice = choice
    setPrecision(choice.precision)
    try model.use(precision)
    planActivations()
  }

  private func setPrecision(_ precision: ConditionerPrecision) {
    configuration.precision = precision
    state.configuration.precision = precision
  }
}

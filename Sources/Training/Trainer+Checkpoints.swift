import Datasets
import FlowModels
import Foundation
import Logging
import Runs
import Safetensors
import Torch

// What a run leaves on disk, and how it goes on from there.

extension Trainer {
  /// The newest checkpoint whose files are as they were written, and what is wrong with newer ones.
  /// - Throws: `TrainingError` if there is none; what is wrong with the newest if all are damaged.
  static func newestCheckpoint(of run: RunFolder) throws -> (url: URL, damaged: [any Error]) {
    let (checkpoints, damaged) = run.soundCheckpoints(newestOnly: true)
    guard let newest = checkpoints.last else { throw damaged.first ?? noCheckpoint(in: run) }
    return (newest, damaged)
  }

  static func noCheckpoint(in run: RunFolder) -> TrainingError {
    TrainingError("\(run.url.path) holds no checkpoint to resume from")
  }

  /// Copies the state and writes it as a checkpoint while training goes on: `model.safetensors` holds the averaged weights,
  /// `training.safetensors` the raw ones and the optimizer's moments. Rank 0 writes; the others keep in step.
  /// - Throws: `TrainingError` if the checkpoint before could not be written and that is to stop the run.
  func save() throws {
    try collectDamage()
    guard savedImages != state.imagesSeen else { return }
    ranks.enter(.saving)
    defer { ranks.enter(.computing) }
    let clock = ContinuousClock()
    let begun = clock.now
    do { try writer.wait() } catch { try tolerate(error) }
    if let validation = state.validation, validation < state.best?.bitsPerDimension ?? .infinity {
      state.best = .init(images: state.imagesSeen, bitsPerDimension: validation)
    }
    state.averageMass = average?.mass ?? 0
    try ranks.requireSame(model.parameters.values)
    guard ranks.isLeader else {
      savedImages = state.imagesSeen
      return
    }
    let contents = CheckpointContents(
      model: try ModelFolder.Contents(model, values: state.steps > 0 ? average?.value() : nil), state: state,
      vectors: try vectors.map { SafetensorsItem(name: $0, tensor: try $1.hostCopy()) })
    let (run, images, best, batch) = (run, state.imagesSeen, state.best?.images, configuration.batchSize)
    let (newest, every) = (configuration.keepNewest ?? 2, configuration.keepEvery)
    let (readFingerprints, data) = (readFingerprints, state.data)
    let (log, heldUp) = (log, clock.now - begun)
    writer.start {
      let start = clock.now
      try run.writeCheckpoint(images: images, contents.write)
      run.deleteCheckpoints(exceptNewest: newest) { kept in
        kept == best || every.map { kept / $0 > (kept - batch) / $0 } ?? false
      }
      func seconds(_ duration: Duration) -> Logger.MetadataValue {
        .stringConvertible((duration / .milliseconds(1)).rounded() / 1000)
      }
      log.info(
        "checkpoint written",
        metadata: [
          "images": .stringConvertible(images), "secondsHeldUp": seconds(heldUp),
          "secondsWriting": seconds(clock.now - start),
        ])
      if let changed = data.flatMap({ readFingerprints().difference(from: $0) }) {
        log.warning(
          "the images have changed since the run began: \(changed)", metadata: ["images": .stringConvertible(images)])
      }
    }
    savedImages = images
  }

  /// Brings together which images could not be read on any rank.
  /// - Throws: `DatasetError` if they are too many.
  private func collectDamage() throws {
    guard let train = train as? SkippingDataset, let validation = validation as? SkippingDataset else { return }
    let all = try ranks.gather(TrainingState.Damaged(train: train.damaged, validation: validation.damaged))
    try train.learn(damaged: all.flatMap(\.train))
    try validation.learn(damaged: all.flatMap(\.validation))
    state.damaged = .init(train: train.damaged, validation: validation.damaged)
  }

  /// Writes a checkpoint and waits until it is on disk.
  /// - Throws: `TrainingError` if it cannot be written.
  func saveLast() throws {
    try save()
    do { try writer.wait() } catch { throw unwritable(error) }
  }

  /// Runs `body`, which writes to the run's folder: whether its failure stops the run is a setting.
  func tolerating(_ body: () throws -> Void) throws {
    do { try body() } catch { try tolerate(error) }
  }

  func tolerate(_ error: any Error) throws {
    savedImages = nil
    guard configuration.onFailedWrite == .proceed else { throw unwritable(error) }
    log.error("\(error); training goes on without", metadata: ["images": .stringConvertible(state.imagesSeen)])
  }

  private func unwritable(_ error: any Error) -> TrainingError {
    let kept = run.checkpoints.last.map { "the checkpoint \($0.path) is intact" } ?? "there is no checkpoint yet"
    let reason = "\(error)".hasSuffix(".") ? String("\(error)".dropLast()) : "\(error)"
    return TrainingError("\(reason); \(kept): make room and go on with glow resume", .unwritable)
  }

  var vectors: [(String, Tensor)] {
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

  /// Takes everything from a checkpoint but what the run knew when it last began: its settings and its images.
  func restore(_ checkpoint: URL) throws {
    var state = try TrainingState.read(checkpoint)
    state.configuration = configuration
    (state.changes, state.data, state.place) = (self.state.changes, self.state.data, self.state.place)
    try ModelFolder.load(model, from: checkpoint)
    self.state = state
    try restoreTraining(from: checkpoint)
  }

  func restoreTraining(from checkpoint: URL) throws {
    try Self.read(vectors, from: checkpoint)
    takeCounts()
  }

  private func takeCounts() {
    optimizer.steps = state.steps
    average?.mass = state.averageMass
  }

  /// Takes the tensors that rank 0 has restored; `state` is its own already.
  func receive() throws {
    try ranks.broadcast(model.tensors + vectors.map(\.1))
    takeCounts()
  }
}

/// What rank 0 hands to the others when a run goes on, beside tensors.
struct Handover: Codable {
  var state: TrainingState
  /// The model's configuration, as `config.json` has it.
  var model: Data
  /// Whether settings are others than those that the checkpoint was written with.
  var isChanged: Bool
}

extension FlowModel {
  /// The parameters and buffers.
  var tensors: [Tensor] { [parameters.values] + buffers.map(\.value) }
}

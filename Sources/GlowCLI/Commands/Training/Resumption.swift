import ArgumentParser
import Cluster
import Datasets
import Files
import Foundation
import Runs
import Torch
import Training

/// Going on with a run.
struct Resumption {
  let folder: String
  var images: Int?
  /// Where the run's images are now, as a data set.
  var data: String?
  var acceptsChangedData = false
  var changes = ChangedSettings()
  /// Looks at what was saved before anything is opened; rank 0 asks it.
  var check: (TrainingState, RunFolder) throws -> Void = { _, _ in }

  init(folder: String) { self.folder = folder }

  /// Trains until the run is finished or told to stop.
  func run(_ options: TensorOptions, _ communicator: Communicator?) throws {
    let run = RunFolder(URL(filePath: folder))
    let isLeader = communicator?.isLeader ?? true
    let saved = try communicator?.share(Trainer.savedState(of: run)) ?? Trainer.savedState(of: run)
    if isLeader { try check(saved, run) }
    // A run keeps the channels that its model has, whatever the pictures would give a new one.
    let channels = try communicator?.share(Self.channels(of: run)) ?? Self.channels(of: run)
    let cache = saved.configuration.makePictureCache()
    let known = TrainedImages(saved, of: run, channels: channels, cache: cache)
    let found = try data.map { try known.open(DatasetSource(said: $0)) } ?? known.find(orOthers: true)
    if isLeader { warn(ofNotesOn: found.train, found.validation) }
    let trainer = try Trainer(
      resuming: run, images: images, changing: changes, data: data, source: found.source, train: found.train,
      validation: found.validation, test: acceptsChangedData ? known.openTest(found.source) : nil,
      acceptingChangedData: acceptsChangedData, options: options,
      communicator: communicator)
    cache.useDisk(run.pictureCacheFolder, bytes: saved.configuration.pictureDiskBudget(of: run))
    if trainer.isFinished, let flag = changes.flags(otherThan: saved.configuration).first {
      throw ValidationError(
        "--\(flag) changes nothing: \(folder) is finished; add more than its \(counted(trainer.imagesSeen, "image")) with --images, or "
          + "leave it out")
    }
    if isLeader {
      if trainer.isFinished { trainer.notices.forEach(warn) }
      tell(
        trainer.isFinished
          ? "\(folder) is finished: give more than its \(counted(trainer.imagesSeen, "image")) with --images to go on"
          : "Going on with \(folder) after \(counted(trainer.imagesSeen, "image"))")
    }
    if !trainer.isFinished { try TrainingProcess(communicator).watch(trainer) }
  }

  private static func channels(of run: RunFolder) throws -> Int {
    try Trainer.savedModelConfiguration(of: run).channels
  }
}

extension ChangedSettings {
  /// The flags, without dashes, of what is another than in some settings.
  fileprivate func flags(otherThan settings: TrainingConfiguration) -> [String] {
    [
      ("lr", (learningRate ?? settings.learningRate) != settings.learningRate),
      ("warmup", (warmupImages ?? settings.warmupImages) != settings.warmupImages),
      ("clip", (gradientClip ?? settings.gradientClip) != settings.gradientClip),
    ].filter(\.1).map(\.0)
  }
}

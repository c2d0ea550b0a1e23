import Cluster
import Datasets
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
  /// Looks at what was saved before anything is opened; rank 0 asks it.
  var check: (TrainingConfiguration, RunFolder) throws -> Void = { _, _ in }

  init(folder: String) { self.folder = folder }

  /// Trains until the run is finished or told to stop.
  func run(_ options: TensorOptions, _ communicator: Communicator?) throws {
    let run = RunFolder(URL(filePath: folder))
    let isLeader = communicator?.isLeader ?? true
    var saved = try communicator?.share(Trainer.savedConfiguration(of: run)) ?? Trainer.savedConfiguration(of: run)
    if isLeader { try check(saved, run) }
    if let data { saved.data = data }
    // A run keeps the channels that its model has, whatever the pictures would give a new one.
    let channels = try communicator?.share(Self.channels(of: run)) ?? Self.channels(of: run)
    let (train, validation) = try saved.openImages(channels: channels)
    if isLeader { warn(ofNotesOn: train, validation) }
    let trainer = try Trainer(
      resuming: run, images: images, data: data, train: train, validation: validation,
      acceptingChangedData: acceptsChangedData, options: options, communicator: communicator)
    if isLeader {
      if trainer.isFinished { trainer.notices.forEach(warn) }
      print(
        trainer.isFinished
          ? "\(folder) is finished: give more than its \(trainer.imagesSeen) images with --images to go on"
          : "Going on with \(folder) after \(trainer.imagesSeen) images")
    }
    if !trainer.isFinished { try TrainingProcess(communicator).watch(trainer) }
  }

  private static func channels(of run: RunFolder) throws -> Int {
    try Trainer.savedModelConfiguration(of: run).channels
  }
}

extension TrainingConfiguration {
  /// The images that the settings name.
  /// - Parameter channels: of pictures, where the settings leave that open.
  func openImages(channels known: Int? = nil) throws -> (train: any ImageDataset, validation: any ImageDataset) {
    let size = height.flatMap { height in width.map { (height, $0) } }
    return try DatasetSource(parsing: data).openTraining(
      size: size, channels: channels ?? known, seed: seed, toleratingDamage: skipDamaged != nil)
  }
}

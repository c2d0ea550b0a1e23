import ArgumentParser
import FlowModels
import Foundation
import Runs
import Torch

/// A model as a person names it, and the folder that it is read from: found once, since a run may write another checkpoint
/// meanwhile.
struct ModelPlace {
  /// As it was given.
  let location: String
  let folder: URL
  /// The name of the checkpoint, where one of a run's was taken.
  let checkpoint: String?

  /// Finds the model, and says which checkpoint of a run that is.
  /// - Parameter choice: nil for the newest.
  init(_ location: String, checkpoint choice: CheckpointChoice? = nil) throws {
    self.location = location
    let given = URL(filePath: location)
    let run = RunFolder(given)
    if ModelLocation.isModel(given) || !run.checkpoints.isEmpty, let shipped = ModelLocation.shipped(location),
      FileIdentity(shipped.path) != FileIdentity(location)
    {
      warn("\(location) is the folder here, not the shipped model of that name, which is \(shipped.path)")
    }
    guard !ModelLocation.isModel(given), !run.checkpoints.isEmpty else {
      folder = try ModelLocation.resolve(location)
      checkpoint = nil
      guard choice == nil else {
        throw ValidationError("--checkpoint is for a run folder, and \(location) is one model: leave it out")
      }
      return
    }
    let chosen = try run.checkpoint(choice ?? .newest)
    (folder, checkpoint) = (chosen.url, chosen.name)
    warn("\(location): checkpoint \(chosen)")
  }

  /// - Parameter checkpoint: of a run the name of the one that `folder` is.
  init(location: String, folder: URL, checkpoint: String?) {
    (self.location, self.folder, self.checkpoint) = (location, folder, checkpoint)
  }

  func read(on options: TensorOptions) throws -> any FlowModel { try ModelFolder.read(folder, options: options) }
}

extension CheckpointChoice: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

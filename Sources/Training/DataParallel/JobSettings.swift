import FlowModels
import Torch

/// What all ranks of a job must have in common.
struct JobSettings: Encodable {
  let model: any FlowConfiguration
  let training: TrainingConfiguration
  let images: TrainingState.Fingerprints

  private enum Key: String, CodingKey { case architecture, model, training, images, libtorch }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(type(of: model).kind, forKey: .architecture)
    try model.encode(to: container.superEncoder(forKey: .model))
    try container.encode(training, forKey: .training)
    try container.encode(images, forKey: .images)
    try container.encode(Runtime.libraryVersion, forKey: .libtorch)
  }
}

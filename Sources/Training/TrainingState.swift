import FlowModels
import Foundation
import Torch

/// Where a run is: with the model, everything needed to go on as if it had never stopped.
struct TrainingState: Codable {
  var version = 1
  var configuration: TrainingConfiguration
  var imagesSeen = 0
  var steps = 0
  var seconds = 0.0
  var averageMass = 0.0

  static let stateName = "training.json"
  static let tensorsName = "training.safetensors"

  static func read(_ checkpoint: URL) throws -> TrainingState {
    let url = checkpoint.appending(path: stateName)
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw TrainingError(
        "\(url.path) cannot be read: \(TrainingError.reason(error)); without it training cannot resume")
    }
    let state = try ModelFile.decode(TrainingState.self, data, file: url.path)
    guard state.version == 1 else {
      throw TrainingError("\(url.path): field version is \(state.version), this program reads version 1")
    }
    return state
  }

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let url = folder.appending(path: Self.stateName)
    do { try encoder.encode(self).write(to: url) } catch {
      throw TrainingError("cannot write \(url.path): \(TrainingError.reason(error))")
    }
  }
}

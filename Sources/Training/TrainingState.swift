import FileErrors
import FlowModels
import Foundation
import Torch

/// Where a run is: with the model, everything needed to go on as if it had never stopped.
struct TrainingState: Codable {
  var version = 2
  var configuration: TrainingConfiguration
  var imagesSeen = 0
  var steps = 0
  var seconds = 0.0
  var averageMass = 0.0
  /// Decided when the run starts: another choice would round gradients otherwise.
  var kept: KeptActivations?

  static let stateName = "training.json"
  static let tensorsName = "training.safetensors"

  static func read(_ checkpoint: URL) throws -> TrainingState {
    let url = checkpoint.appending(path: stateName)
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw TrainingError(
        "\(url.path) cannot be read: \(error.systemReason); without it training cannot resume")
    }
    struct Version: Decodable { var version: Int }
    // By itself first: the other fields may differ between versions.
    let version = try ModelFile.decode(Version.self, data, file: url.path).version
    guard version == 2 else {
      throw TrainingError("\(url.path): field version is \(version), this program reads version 2")
    }
    let state = try ModelFile.decode(TrainingState.self, data, file: url.path)
    do { try state.validate() } catch { throw TrainingError("\(url.path): \(error)") }
    return state
  }

  private func validate() throws {
    do { try configuration.validate() } catch { throw TrainingError("configuration.\(error)") }
    for (field, value) in [("imagesSeen", imagesSeen), ("steps", steps)] where value < 0 {
      throw TrainingError("\(field) is \(value), expected 0 or more")
    }
    guard averageMass >= 0 && averageMass <= 1 else {
      throw TrainingError("averageMass is \(averageMass), expected 0 to 1")
    }
  }

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let url = folder.appending(path: Self.stateName)
    do { try encoder.encode(self).write(to: url) } catch {
      throw TrainingError("cannot write \(url.path): \(error.systemReason)")
    }
  }
}

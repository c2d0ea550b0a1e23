import Datasets
import Files
import FlowModels
import Foundation
import Runs
import Torch

/// Where a run is: with the model, everything needed to go on as if it had never stopped.
package struct TrainingState: Codable {
  var version = currentVersion
  package var configuration: TrainingConfiguration
  package var imagesSeen = 0
  var steps = 0
  var seconds = 0.0
  var averageMass = 0.0
  /// Decided when the run starts: another choice would round gradients otherwise.
  var kept: KeptActivations?
  /// Processes that trained together when it was decided; nil for one.
  var ranks: Int?
  /// The sums of the metrics' line that is under way.
  var line: LineSums?
  /// A validation after this step that was broken off, with what its line of metrics says of the step.
  var dueMeasurement: DueMeasurement?
  /// The bits per dimension of the averaged weights on validation images, if measured after this step.
  var validation: Double?
  /// The checkpoint with the lowest validation so far.
  var best: Best?
  /// After a roll-back, until the run is over it.
  var recovery: Recovery?
  /// The fingerprints of the images when the run began.
  var data: Fingerprints?
  /// Where they were when it last began; nil for runs of older programs.
  var place: ImagesPlace?
  /// Training and validation images that could not be read and were skipped.
  var damaged: Damaged?
  /// Settings that became others when the run went on; nil for none.
  var changes: [SettingChange]?

  struct Fingerprints: Codable, Equatable, Sendable {
    var train: DatasetFingerprint
    var validation: DatasetFingerprint
    /// Nil where the set has no such split, and in runs of older programs.
    var test: DatasetFingerprint?

    init(train: any ImageDataset, validation: any ImageDataset, test: (any ImageDataset)? = nil) {
      self.train = DatasetFingerprint(of: train)
      self.validation = DatasetFingerprint(of: validation)
      self.test = test.map { DatasetFingerprint(of: $0) }
    }

    func difference(from other: Fingerprints) -> String? {
      train.difference(from: other.train).map { "of the training split, \($0)" }
        ?? validation.difference(from: other.validation).map { "of the validation split, \($0)" }
        ?? test.flatMap { test in other.test.flatMap { Self.difference(ofTest: test, from: $0) } }
    }

    static func difference(ofTest test: DatasetFingerprint, from other: DatasetFingerprint) -> String? {
      test.difference(from: other).map { "of the test split, \($0)" }
    }
  }

  struct Damaged: Codable {
    var train: [Int]
    var validation: [Int]
  }

  /// Up to which count of images the lines of metrics are complete.
  var lastLine: Int { imagesSeen - (dueMeasurement == nil ? 0 : 1) }

  struct DueMeasurement: Codable {
    var gradientNorm: Double
    var learningRate: Double
  }

  struct Best: Codable {
    var images: Int
    var bitsPerDimension: Double
  }

  package init(configuration: TrainingConfiguration) { self.configuration = configuration }

  /// 1: `keepActivations` in place of memory policies. 2: without the fields from `line` on. 3: without those from `recovery`
  /// on.
  static let currentVersion = CheckpointSummary.stateVersions.upperBound
  static let tensorsName = "training.safetensors"

  package static func read(_ checkpoint: URL) throws -> TrainingState {
    let url = checkpoint.appending(path: CheckpointSummary.stateName)
    let (written, version) = try CheckpointSummary.state(of: checkpoint)
    let data = version == 1 ? upgraded(written) : written
    var state = try ModelFolder.decode(TrainingState.self, data, file: url.path)
    // A newer program may say by it that the run goes on otherwise.
    if let stranger = try? JSONValue(parsing: data).field(missingIn: JSONValue(parsing: JSONFile.line(state))) {
      throw TrainingError(
        "\(url.path): field \(stranger) is unknown to this program, and without it the run could go on otherwise; use the "
          + "program that wrote it")
    }
    state.version = currentVersion
    do { try state.validate() } catch { throw TrainingError("\(url.path): \(error)") }
    return state
  }

  /// Version 1 as version 2: activations were all kept or all rebuilt.
  private static func upgraded(_ data: Data) -> Data {
    guard var state = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      var configuration = state["configuration"] as? [String: Any],
      let kept = configuration.removeValue(forKey: "keepActivations") as? Bool
    else { return data }
    configuration["memory"] = (kept ? MemoryPolicy.keep : .reversible).rawValue
    state["configuration"] = configuration
    return (try? JSONSerialization.data(withJSONObject: state)) ?? data
  }

  private func validate() throws {
    do { try configuration.validate() } catch { throw TrainingError("configuration.\(error)") }
    for (field, value) in [("imagesSeen", imagesSeen), ("steps", steps)] {
      guard value >= 0 else { throw TrainingError("\(field) is \(value), expected 0 or more") }
      let greatest = TrainingConfiguration.greatestLength
      guard value <= greatest else { throw TrainingError("\(field) is \(value), expected at most \(greatest)") }
    }
    if let recovery {
      for (field, value) in [("rollBacks", recovery.rollBacks), ("until", recovery.until)] {
        guard (0...TrainingConfiguration.greatestLength).contains(value) else {
          throw TrainingError("recovery.\(field) is \(value), expected 0 to \(TrainingConfiguration.greatestLength)")
        }
      }
    }
    guard averageMass >= 0 && averageMass <= 1 else {
      throw TrainingError("averageMass is \(averageMass), expected 0 to 1")
    }
  }

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let url = folder.appending(path: CheckpointSummary.stateName)
    do { try encoder.encode(self).write(to: url) } catch {
      throw TrainingError("cannot write \(url.path): \(error.systemReason)")
    }
  }
}

/// What the steps since the last line of metrics add up to: part of a run's state, so that the first line after a resume
/// is the one that an unstopped run writes.
struct LineSums: Codable, Equatable {
  var bitsPerDimension = 0.0
  var steps = 0
}

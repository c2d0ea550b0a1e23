import ArgumentParser
import FlowModels
import Foundation
import Runs
import Torch

/// The options of every command that uses a trained model.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model"), help: "A run folder, a model folder, or the name of a shipped model.",
    completion: Completions.model)
  var location: String

  @Option(
    help: ArgumentHelp(
      "Of a run: newest, best (by validation), or after how many images it was written; by default the newest.",
      valueName: "checkpoint"), completion: .list(["newest", "best"]))
  var checkpoint: CheckpointChoice?

  @OptionGroup var runtime: RuntimeOptions

  /// Where the model is, which a line of standard error says of a run's.
  func place() throws -> ModelPlace { try ModelPlace(location, checkpoint: checkpoint) }

  func load() throws -> (place: ModelPlace, model: any FlowModel) {
    let device = try runtime.start()
    let place = try place()
    return (place, try place.read(on: TensorOptions(.float32, on: device)))
  }
}

/// A label as a person writes it: its name or its number.
func labelIndex(_ text: String, of model: any FlowModel) throws -> Int {
  let names = model.configuration.classNames
  guard !names.isEmpty else { throw ValidationError("--label \(text): the model has no labels") }
  if let index = names.firstIndex(where: { $0.lowercased() == text.lowercased() }) { return index }
  if let index = Int(text), names.indices.contains(index) { return index }
  let known = names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
  throw ValidationError("--label \(text) is none of the model's labels: \(known)")
}

import ArgumentParser
import FlowModels
import Foundation
import Torch

/// The options of every command that uses a trained model.
struct ModelOptions: ParsableArguments {
  @Option(name: .customLong("model"), help: "A run folder, a model folder, or the name of a shipped model.")
  var location: String

  @OptionGroup var runtime: RuntimeOptions

  func load() throws -> any FlowModel {
    let device = try runtime.start()
    return try ModelFolder.read(ModelLocation.resolve(location), options: TensorOptions(.float32, on: device))
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

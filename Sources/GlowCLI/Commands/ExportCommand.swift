import WeightLayouts
import ArgumentParser
import Files
import FlowModels
import Foundation
import Torch
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's model to a folder of its own: config.json, model.safetensors and data.json.",
    discussion: """
      data.json says what the model was trained on, which `glow eval` and others take unless --data names images.

      With --layout, another program's weights instead, in one safetensors file: the reverse of glow import.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "The folder to write; with --layout, the safetensors file.") var out: String
  @Option(help: "Of the weights on disk.") var precision = DiskPrecision.float32
  @Option(help: "Another program's layout: a name or a .json file, as for glow import.") var layout: String?
  @OptionGroup var form: LayoutOptions

  func validate() throws {
    if layout == nil, !form.option.isEmpty { throw ValidationError("--option decides between forms of a --layout") }
  }

  func run() throws {
    if layout == nil {
      let model = modelOptions.location
      try OutputFolder.model.require(
        out, from: [URL(filePath: model)] + [try? ModelLocation.resolve(model)].compactMap { $0 })
    } else {
      try OutputFile.weights.require(out)
    }
    let (place, flow) = try modelOptions.load()
    if let layout {
      guard let model = flow as? Glow else {
        throw ValidationError(
          "--layout \(layout): layouts are of Glows, \(modelOptions.location) is another kind of model")
      }
      try WeightLayout.named(layout).write(model, choosing: form.choices, as: precision.dtype, to: URL(filePath: out))
    } else {
      try writeModel(flow, as: precision.dtype, trainedOn: TrainedImages(ofModel: place.folder), to: URL(filePath: out))
    }
    print("\(counted(flow.parameters.count, "parameter")) in \(precision.rawValue): \(out)")
  }
}

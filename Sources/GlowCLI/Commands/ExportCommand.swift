import WeightLayouts
import Analysis
import ArgumentParser
import Files
import FlowModels
import Foundation
import Inference
import Torch
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's model to a folder of its own, as it can be given away.",
    discussion: """
      config.json and model.safetensors are the model. data.json says what it was trained on, which `glow eval` and others \
      take unless --data names images. README.md is a model card: it says what is known of the model. \
      attributes.safetensors, from glow attributes fit, comes along where the model has one.

      With --layout, another program's weights instead, in one safetensors file: the reverse of glow import.

      Examples:
        glow export --model runs/first --dtype float16 --out model
        glow export --model runs/first --layout y0ast --out theirs.safetensors
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    name: .shortAndLong, help: "The folder to write; with --layout, the safetensors file.", completion: .directory)
  var out: String
  @Option(help: "Numbers of the weights on disk, float32 or float16.") var dtype = DiskPrecision.float32
  @Option(
    help: ArgumentHelp("For the model card, such as mit; without it the card says nothing of it.", valueName: "id"))
  var license: String?
  @Option(
    help:
      "Another program's layout: a name or a .json file, as for glow import; without it, a model folder is written.",
    completion: Completions.layout)
  var layout: String?
  @OptionGroup var form: LayoutOptions
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    if layout != nil, license != nil {
      throw ValidationError("--license is for the model card, which another program's --layout has not: leave it out")
    }
    if let license, license.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9.+-]{0,63}/) == nil {
      throw ValidationError(
        "--license \"\(printable(license))\" is no identifier of a license, such as mit or cc-by-4.0")
    }
    if layout == nil, !form.option.isEmpty { throw ValidationError("--option decides between forms of a --layout") }
  }

  func run() throws {
    if layout == nil {
      let model = modelOptions.location
      try OutputFolder.model.require(
        out, from: [URL(filePath: model)] + [try? ModelLocation.resolve(model)].compactMap { $0 })
    } else {
      try OutputFile.weights.require(out, force: overwriting.force)
    }
    let (place, flow) = try modelOptions.load()
    if let layout {
      guard let model = flow as? Glow else {
        throw ValidationError(
          "--layout \(layout): layouts are of Glows, \(modelOptions.location) is another kind of model")
      }
      try WeightLayout.named(layout).write(model, choosing: form.choices, as: dtype.dtype, to: URL(filePath: out))
    } else {
      let folder = URL(filePath: out)
      let hasCard = try ModelFolder.export(
        flow, from: place.folder, to: folder, as: dtype.dtype, license: license)
      if !hasCard { warn("\(out)/\(HubCard.fileName) is not Glow's and stays as it is") }
      try keepAttributes(of: flow, from: place.folder, in: folder)
    }
    tell("\(counted(flow.parameters.count, "parameter")) in \(dtype.rawValue): \(out)")
  }

  /// Takes the directions of attributes along that lie beside the model or its run, where they are those of what was written.
  private func keepAttributes(of flow: any FlowModel, from source: URL, in folder: URL) throws {
    guard let file = AttributesSearch.file(beside: source) else { return }
    do {
      _ = try AttributeDirections(contentsOf: file, for: ModelFolder.read(folder))
    } catch {
      let isRounded = (try? AttributeDirections(contentsOf: file, for: flow)) != nil
      return warn(
        isRounded
          ? "\(file.relativePath) is left out: its directions are of the weights before they were rounded to "
            + "\(dtype.rawValue); fit them to the model in \(folder.relativePath)"
          : "\(AttributesSearch.fileName) is left out: \(error)")
    }
    let url = folder.appending(path: AttributesSearch.fileName)
    do { try AtomicFile.store(Data(contentsOf: file), at: url) } catch {
      throw ValidationError("\(url.path) cannot be written: \(error.systemReason)")
    }
  }
}

import WeightLayouts
import ArgumentParser
import Files
import FlowModels
import Foundation
import Torch
import Training

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model folder of the weights of another program's Glow.",
    discussion: """
      The weights are a safetensors file. A layout says how they are named and shaped: normflows and glow-pytorch come \
      with the program, and docs/import.md tells how to write one.

      Example:
        glow import theirs.safetensors --layout normflows --size 32 --out model
      """)

  @Argument(help: "The safetensors file.", completion: Completions.safetensors) var weights: String
  @Option(help: "A layout's name, or the path of its .json file.", completion: Completions.layout) var layout: String
  @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory) var out: String
  @Option(
    help: ArgumentHelp("Size of the images, N or HEIGHTxWIDTH; by default what the weights tell.", valueName: "pixels"))
  var size: PixelSize?
  @Option(help: "Bits per channel of the images, 1 to 8.") var bits = 8
  @Option(help: ArgumentHelp("Names of the labels, in order; by default 0, 1, ...", valueName: "name,name,..."))
  var classNames: String?
  @OptionGroup var form: LayoutOptions
  @OptionGroup var runtime: RuntimeOptions

  func run() throws {
    try OutputFolder.model.require(out)
    let device = try runtime.start()
    let glow = try WeightLayout.named(layout).read(
      URL(filePath: weights), size: size.map { ($0.height, $0.width) }, bits: bits,
      classNames: classNames?.split(separator: ",").map(String.init), choosing: form.choices,
      options: TensorOptions(.float32, on: device))
    try ModelFolder.write(glow, trainedOn: nil, to: URL(filePath: out))
    let model = glow.configuration
    tell(
      "\(model.summary), \(model.height)x\(model.width)x\(model.channels), "
        + "\(counted(glow.parameters.count, "parameter")): \(out)")
  }
}

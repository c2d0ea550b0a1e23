import ArgumentParser
import FlowModels
import Foundation
import Torch

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a run's model to a folder of its own: config.json and model.safetensors.")

  enum Precision: String, ExpressibleByArgument, CaseIterable { case float32, float16 }

  @OptionGroup var model: ModelOptions
  @Option(help: "The folder to write.") var out: String
  @Option(help: "Of the weights on disk.") var precision = Precision.float32

  func run() throws {
    let glow = try model.load()
    let folder = URL(filePath: out)
    try makeFolder(folder)
    try ModelFile.write(glow, as: precision == .float16 ? .float16 : .float32, to: folder)
    print("\(glow.parameters.count) parameters in \(precision.rawValue): \(out)")
  }
}

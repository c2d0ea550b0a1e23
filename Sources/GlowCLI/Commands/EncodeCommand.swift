import ArgumentParser
import Files
import FlowModels
import Foundation
import Torch

struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode", abstract: "Turn images into their latents, without loss.",
    discussion: """
      Writes a safetensors file: level1, level2, ... with one latent an image, [count, height, width, channel], standard \
      normal under the model, and the labels that the images were encoded under. `glow decode` turns it back.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "The safetensors file to write.") var out: String
  @Option(help: "Images to take of a data set.") var limit = 64

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit is \(limit), expected 1 or more") }
    try OutputFile.latents.require(out, from: inputs.files)
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let images = try inputs.read(for: model, from: place, count: limit)
    let latents = try model.encode(images.x, labels: images.labels)
    try LatentFile(latents: latents, labels: images.labels, model: model.roundedFingerprint()).write(
      to: URL(filePath: out))
    print("\(counted(images.count, "image")) encoded: \(out)")
  }
}

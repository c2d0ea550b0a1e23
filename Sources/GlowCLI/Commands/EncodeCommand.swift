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

      Examples:
        glow encode --model fashion-mnist --limit 16 --out latents.safetensors
        glow encode --model faces me.png --out me.safetensors
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(name: .shortAndLong, help: "The safetensors file to write.", completion: .file()) var out: String
  @Option(help: "The most images of --data, spread evenly over the split; by default 64.") var limit: Int?
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    try inputs.requireMeaning(ofLimit: limit)
    try OutputFile.latents.require(out, from: inputs.files, force: overwriting.force)
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let images = try inputs.read(for: model, from: place, count: limit ?? 64)
    let latents = try model.encode(images.x, labels: images.labels)
    try LatentFile(latents: latents, labels: images.labels, model: model.roundedFingerprint()).write(
      to: URL(filePath: out))
    tell("\(counted(images.count, "image")) encoded: \(out)")
  }
}

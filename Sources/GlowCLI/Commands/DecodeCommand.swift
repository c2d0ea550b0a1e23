import ModelImages
import ArgumentParser
import Files
import FlowModels
import Foundation
import Imaging
import Torch

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "Turn latents back into images.",
    discussion: """
      Example:
        glow decode --model fashion-mnist latents.safetensors --out decoded.png
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Argument(help: "A safetensors file from glow encode.", completion: Completions.safetensors) var latents: String
  @Option(
    name: .shortAndLong, help: "The picture to write, .png or .jpg, a grid; with --files, a folder of single PNGs.",
    completion: .directory) var out: String
  @Option(help: "A label to decode under; by default the stored ones.") var label: String?
  @OptionGroup var attributes: AttributeOptions
  @Flag(help: "One PNG per image.") var files = false
  @OptionGroup var grid: GridOptions
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    if files { try grid.requireNone() } else { try requirePicture(out, from: [latents], force: overwriting.force) }
  }

  func run() throws {
    let (_, model) = try modelOptions.load()
    let stored = try LatentFile(contentsOf: URL(filePath: latents), for: model)
    let count = stored.latents.count
    let labels = try label.map { label in
      try Tensor([Int](repeating: labelIndex(label, of: model), count: count), on: model.options.device)
    }
    let changed =
      try stored.labels.map { try attributes.changing($0, for: model) } ?? attributes.rows(count, for: model)
    let names = (0..<count).map(String.init)
    if files { try requirePictures(named: names, in: out, force: overwriting.force) }
    let x = try model.decode(stored.latents, labels: labels ?? changed)
    let pictures = DrawnPictures(model)
    let images = try pictures(x)
    pictures.warnOfStrayed("decode latents of images, or nearer to them")
    if files {
      try writePictures(images, named: names, to: URL(filePath: out))
    } else {
      try grid.write(images, to: URL(filePath: out))
    }
    tell("\(counted(count, "image")) decoded: \(out)")
  }
}

import ArgumentParser
import FlowModels
import Foundation
import Imaging
import Torch

struct InterpolateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interpolate", abstract: "Draw the images between images.",
    discussion: """
      Two images give one strip along the straight line between their latents; more give one row for each pair of \
      neighbours. Images are files, or of a data set: --indices 0,5,17.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "The PNG to write.") var out: String
  @Option(help: "Images per row, both ends included.") var steps = 9
  @Option(help: "Draw every pixel this many pixels wide.") var enlarge = 2

  func validate() throws {
    guard (2...1000).contains(steps) else { throw ValidationError("--steps is \(steps), expected 2 to 1000") }
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
  }

  func run() throws {
    let glow = try model.load()
    let images = try inputs.read(for: glow, from: model.model, count: 2)
    guard images.count >= 2 else { throw ValidationError("an interpolation needs two images or more, got one") }
    let rows = try (0..<images.count - 1).map { first in
      let x = try glow.interpolate(
        images.x.narrowed(0, first..<first + 1), images.x.narrowed(0, first + 1..<first + 2), steps: steps,
        labels: images.labels?.narrowed(0, first..<first + 2))
      return try pictures(x, bits: glow.configuration.bits)
    }
    try PixelImage.grid(Array(rows.joined()), columns: steps, scale: enlarge).writePNG(to: URL(filePath: out))
    print("\(rows.count) interpolation\(rows.count == 1 ? "" : "s") of \(steps) images: \(out)")
  }
}

import ArgumentParser
import FlowModels
import Flows
import Foundation
import Imaging
import Torch

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draw images from a model.",
    discussion: """
      Writes one PNG with a grid, or with --files a folder of single PNGs. A conditional model draws its labels in turn, \
      one a row, unless --label names one. Same seed, same machine, same number of threads: the same bytes.
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: "The PNG to write (with --files, the folder).") var out: String
  @Option(help: "Images.") var count = 64
  @Option(help: "Scales the standard deviation of every prior; several draw one block of images each.")
  var temperature: [Double] = [0.7]
  @Option(help: "A label's name or number; repeat for several.") var label: [String] = []
  @Option var seed: UInt64 = 0
  @Option(help: "What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32.")
  var precision = ConditionerPrecision.float32
  @OptionGroup var grid: GridOptions
  @Flag(help: "One PNG per image, named LABEL-NUMBER.png.") var files = false
  @Option(help: "Another model, whose samples are drawn to the right.") var beside: String?

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 1000000") }
    guard !(files && beside != nil) else { throw ValidationError("--beside draws a grid: leave --files out") }
    for value in temperature where !(value >= 0 && value <= 100) {
      throw ValidationError("--temperature is \(value), expected 0 to 100")
    }
  }

  func run() throws {
    let glow = try model.load()
    try glow.use(precision)
    let labels = try drawnLabels(glow)
    let images = try draw(glow, labels)
    if files { return try writeFiles(images, labels) }
    if let beside {
      let other = try ModelFile.readModel(ModelLocation.resolve(beside), options: glow.options)
      let grids = try [images, draw(other, drawnLabels(other))].map(grid.picture)
      guard grids[0].height == grids[1].height, grids[0].channels == grids[1].channels else {
        throw ValidationError("--beside \(beside): its images have another size than those of \(model.model)")
      }
      try PixelImage.strip(grids, padding: 12).writePNG(to: URL(filePath: out))
    } else {
      try grid.write(images, to: URL(filePath: out))
    }
    print("\(images.count) samples at temperature \(temperature.map { "\($0)" }.joined(separator: ", ")): \(out)")
  }

  /// A block of `count` images for each temperature.
  private func draw(_ glow: any FlowModel, _ labels: [Int]?) throws -> [PixelImage] {
    try temperature.flatMap { temperature in
      let x = try glow.sample(
        count: count, temperature: temperature,
        labels: labels.map { try Tensor($0, on: glow.options.device) }, seed: seed)
      return try pictures(x, bits: glow.configuration.bits)
    }
  }

  /// One label an image: those asked for, or all of the model's, a row each in turn.
  private func drawnLabels(_ glow: any FlowModel) throws -> [Int]? {
    let asked = try label.map { try labelIndex($0, of: glow) }
    guard glow.configuration.classCount > 0 else { return nil }
    let cycle = asked.isEmpty ? Array(0..<glow.configuration.classCount) : asked
    return (0..<count).map { cycle[($0 / (files ? 1 : grid.columns)) % cycle.count] }
  }

  private func writeFiles(_ images: [PixelImage], _ labels: [Int]?) throws {
    let names = images.indices.map { number in "\(labels.map { "\($0[number % count])" } ?? "sample")-\(number)" }
    try writePictures(images, named: names, to: URL(filePath: out))
    print("\(images.count) samples in \(out)")
  }
}

import ArgumentParser
import FlowModels
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
  @Option(help: "Images per row.") var columns = 8
  @Option(help: "Scales the standard deviation of every prior; several draw one block of images each.")
  var temperature: [Double] = [0.7]
  @Option(help: "A label's name or number; repeat for several.") var label: [String] = []
  @Option var seed: UInt64 = 0
  @Option(help: "Enlarge every pixel to this many.") var enlarge = 2
  @Flag(help: "One PNG per image, named LABEL-NUMBER.png.") var files = false

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 1000000") }
    guard columns > 0 else { throw ValidationError("--columns is \(columns), expected 1 or more") }
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
    for value in temperature where !(value >= 0 && value <= 100) {
      throw ValidationError("--temperature is \(value), expected 0 to 100")
    }
  }

  func run() throws {
    let glow = try model.load()
    let labels = try drawnLabels(glow)
    let blocks = try temperature.map { temperature in
      let x = try glow.sample(
        count: count, temperature: temperature,
        labels: labels.map { try Tensor($0, on: glow.options.device) }, seed: seed)
      return try pictures(x, bits: glow.configuration.bits)
    }
    if files { return try writeFiles(blocks, labels) }
    let images = blocks.flatMap { $0 }
    try PixelImage.grid(images, columns: columns, scale: enlarge).writePNG(to: URL(filePath: out))
    print("\(images.count) samples at temperature \(temperature.map { "\($0)" }.joined(separator: ", ")): \(out)")
  }

  /// One label an image: those asked for, or all of the model's, a row each in turn.
  private func drawnLabels(_ glow: Glow) throws -> [Int]? {
    let asked = try label.map { try labelIndex($0, of: glow) }
    guard glow.configuration.classCount > 0 else { return nil }
    let cycle = asked.isEmpty ? Array(0..<glow.configuration.classCount) : asked
    return (0..<count).map { cycle[($0 / (files ? 1 : columns)) % cycle.count] }
  }

  private func writeFiles(_ blocks: [[PixelImage]], _ labels: [Int]?) throws {
    let folder = URL(filePath: out)
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw ValidationError("cannot create the folder \(out): \(error.localizedDescription)")
    }
    for (number, image) in blocks.joined().enumerated() {
      let label = labels.map { "\($0[number % count])" } ?? "sample"
      try image.writePNG(to: folder.appending(path: "\(label)-\(number).png"))
    }
    print("\(blocks.count * count) samples in \(out)")
  }
}

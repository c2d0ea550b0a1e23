import ModelImages
import Analysis
import ArgumentParser
import Datasets
import Files
import FlowModels
import Flows
import Foundation
import Imaging
import Torch

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draw images from a model.",
    discussion: """
      Writes one picture with a grid, or with --files a folder of single PNGs. A conditional model draws its labels in turn, \
      one a row, unless --label names one. One that is conditioned on attributes draws images --with and --without \
      some of them; the others are each image's own, as some image of the training has them. Same seed, same machine, same number of threads: the same bytes.

      --neighbors draws each sample in a row with the images of a data set that are nearest to it, pixel by pixel, and \
      prints how near they are: a model that repeats what it was trained on is nearer to it than other real images are. \
      `glow resample` draws only the fine levels of given images anew.

      Examples:
        glow sample --model faces --out faces.png
        glow sample --model fashion-mnist --label sneaker --count 8 --out shoes.png
        glow sample --model faces --with eyeglasses,smiling --files --out faces
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    name: .shortAndLong, help: "The picture to write, .png or .jpg (with --files, the folder).", completion: .directory)
  var out: String
  @Option(help: "Images to draw; of each temperature.") var count = 64
  @Option(
    help: """
      Scales the standard deviation of every prior; 0.7,0.9,1 gives one a level, the finest first. Repeated, each draws a \
      block of images.
      """)
  var temperature = [Temperatures(0.7)]
  @Option(help: "A label's name or number; repeat for several. By default all of the model's.") var label: [String] = []
  @OptionGroup var attributes: AttributeOptions
  @Option(
    help: ArgumentHelp(
      """
      Of a model that is conditioned on attributes: how strongly those are said that no flag names, 1 as in training, 0 for not \
      at all; by default \(AttributeStrength.ofOthers.formatted()).
      """, valueName: "strength"))
  var others: Double?
  @Option(help: "Seed of everything that is drawn; by default 0.", transform: seedNumber) var seed: UInt64 = 0
  @Option(help: "What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32.")
  var precision = ConditionerPrecision.float32
  @OptionGroup var grid: GridOptions
  @Flag(help: "One PNG per image, named LABEL-NUMBER.png.") var files = false
  @Option(
    help: "Another model, whose samples are drawn to the right; without it, there is one grid.",
    completion: Completions.model) var beside: String?
  @Option(
    help: "A data set, SET or SET:SPLIT (of SET, train), whose nearest images are drawn; without it, none.",
    completion: Completions.data)
  var neighbors: NamedSplit?
  @Option(help: "How many nearest images of --neighbors are drawn; by default 5.") var neighborCount: Int?
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 1000000") }
    guard !(files && beside != nil) else { throw ValidationError("--beside draws a grid: leave --files out") }
    guard neighbors == nil || !(files || beside != nil) else {
      throw ValidationError("--neighbors draws a grid of its own: leave --files and --beside out")
    }
    if let neighborCount {
      guard (1...100).contains(neighborCount) else {
        throw ValidationError("--neighbor-count is \(neighborCount), expected 1 to 100")
      }
      guard neighbors != nil else {
        throw ValidationError("--neighbor-count is of --neighbors: add that, or leave it out")
      }
    }
    if files { try grid.requireNone() }
    for temperature in temperature { try temperature.validate() }
    if let others, !(0...AttributeStrength.range.upperBound).contains(others) {
      throw ValidationError(
        "--others is \(others.formatted()), expected 0 to \(AttributeStrength.range.upperBound.formatted())")
    }
    if !files { try requirePicture(out, force: overwriting.force) }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    try model.use(precision)
    let labels = try drawnLabels(model)
    if files { try requirePictures(named: fileNames(labels), in: out, force: overwriting.force) }
    let other = try beside.map { try ModelPlace($0).read(on: model.options) }
    if let other, other.configuration.imageShape != model.configuration.imageShape {
      throw ValidationError(
        "--beside \(beside!): its images are \(other.configuration.imageShape), those of \(modelOptions.location) "
          + "\(model.configuration.imageShape)")
    }
    let images = try draw(model, labels)
    if files {
      try writePictures(images, named: fileNames(labels), to: URL(filePath: out))
      return tell("\(counted(images.count, "sample")) in \(out)")
    }
    if let neighbors {
      let comparison = try NeighborComparison(
        of: images, with: neighbors, count: neighborCount ?? 5, model: model, place: place)
      try comparison.picture(enlarge: grid.enlarge).write(to: URL(filePath: out))
      print(comparison.summary)
    } else if let other {
      let grids = try [blocks(images), blocks(draw(other, drawnLabels(other)))]
      try PixelImage.strip(grids, padding: 12).write(to: URL(filePath: out))
    } else {
      try blocks(images).write(to: URL(filePath: out))
    }
    tell(
      "\(counted(images.count, "sample")) at temperature \(temperature.map(\.description).joined(separator: ", ")): \(out)"
    )
  }

  /// A grid in which each block begins a row, with its temperature beside it where there are several.
  private func blocks(_ images: [PixelImage]) -> PixelImage {
    guard temperature.count > 1 else { return grid.picture(images) }
    let rows = (count + grid.columns - 1) / grid.columns
    let blank = PixelImage(
      width: images[0].width, height: images[0].height, channels: images[0].channels, filledWith: 255)
    let filling = [PixelImage](repeating: blank, count: rows * grid.columns - count)
    let cells = temperature.indices.flatMap { images[$0 * count..<($0 + 1) * count] + filling }
    let labels = temperature.flatMap { ["T \($0)"] + [String](repeating: "", count: rows - 1) }
    return grid.picture(cells, rowLabels: labels)
  }

  /// A block of `count` images for each temperature.
  private func draw(_ model: any FlowModel, _ labels: [Int]?) throws -> [PixelImage] {
    let pictures = DrawnPictures(model)
    defer { pictures.warnOfStrayed("take a lower --temperature") }
    // Also of a model with labels, which refuses what is said of attributes.
    let told = try attributes.drawnRows(count, others: others, seed: seed, for: model)
    let conditions = try labels.map { try Tensor($0, on: model.options.device) } ?? told
    return try temperature.flatMap { temperature in
      let x = try model.sample(
        count: count, temperatures: temperature.perLevel(of: model), labels: conditions, seed: seed)
      return try pictures(x)
    }
  }

  /// One label an image: those asked for, or all of the model's, a row each in turn.
  private func drawnLabels(_ model: any FlowModel) throws -> [Int]? {
    let asked = try label.map { try labelIndex($0, of: model) }
    guard model.configuration.classCount > 0 else { return nil }
    let cycle = asked.isEmpty ? Array(0..<model.configuration.classCount) : asked
    return (0..<count).map { cycle[($0 / (files ? 1 : grid.columns)) % cycle.count] }
  }

  private func fileNames(_ labels: [Int]?) -> [String] {
    (0..<count * temperature.count).map { number in "\(labels.map { "\($0[number % count])" } ?? "sample")-\(number)" }
  }
}

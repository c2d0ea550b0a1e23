import ModelImages
import Analysis
import ArgumentParser
import Files
import FlowModels
import Foundation
import Imaging
import Torch

struct ResampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resample", abstract: "Draw the fine levels of images anew and keep the coarse ones.",
    discussion: """
      A block an image: the image, then its variations; a row for each number of levels that are drawn anew. Level 1 is \
      the finest; with all levels drawn anew the variations are samples.

      Example:
        glow resample --model fashion-mnist --levels 1,2 --out variations.png
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "How many levels to draw anew, such as 1,2; by default a row for each number, up to all.")
  var levels: ImageInputs.Numbers?
  @Option(help: "Variations in a row.") var count = 8
  @Option(help: "Scales the standard deviations of what is drawn; 0.7,0.9 gives one a level, the finest first.")
  var temperature = Temperatures(0.7)
  @Option(help: "Seed of everything that is drawn; by default 0.", transform: seedNumber) var seed: UInt64 = 0
  @Option(help: "The most images of --data, spread evenly over the split; by default 2.") var limit: Int?
  @Option(name: .shortAndLong, help: "The picture to write, .png or .jpg.", completion: .file()) var out: String
  @Option(help: "Draw every pixel this many pixels wide.") var enlarge = 2
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    guard (1...1000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 1000") }
    try inputs.requireMeaning(ofLimit: limit)
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
    try temperature.validate()
    try requirePicture(out, from: inputs.files, force: overwriting.force)
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let most = model.configuration.levels
    let numbers = levels?.values ?? Array(1...most)
    if let wrong = numbers.first(where: { $0 > most }) {
      throw ValidationError("--levels \(wrong): the model has \(counted(most, "level"))")
    }
    let temperatures = try temperature.perLevel(of: model)
    let images = try inputs.read(for: model, from: place, count: limit ?? 2)
    let pictures = DrawnPictures(model)
    defer { pictures.warnOfStrayed("take a lower --temperature") }
    let originals = try model.pictures(of: images.x)
    let blocks = try originals.enumerated().map { index, original in
      let label = try images.labels?.narrowed(0, index..<index + 1)
      let latents = try model.encode(images.x.narrowed(0, index..<index + 1), labels: label)
      let rows = try numbers.map { levels in
        let x = try model.variations(
          of: latents, levels: levels, count: count, temperatures: temperatures,
          labels: label?.repeated(count), seed: seed)
        return try [original] + pictures(x)
      }
      return PixelImage.labeledGrid(
        Array(rows.joined()), columns: count + 1, rowLabels: numbers.map { "\($0) of \(most)" }, scale: enlarge)
    }
    try PixelImage.stack(blocks).write(to: URL(filePath: out))
    tell(
      "\(counted(count, "variation")) of \(images.count == 1 ? "the image" : "each of \(images.count) images") with "
        + "\(numbers.map(String.init).joined(separator: ", ")) \(numbers == [1] ? "level" : "levels") anew: \(out)"
    )
  }
}

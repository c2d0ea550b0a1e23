import ModelImages
import Analysis
import ArgumentParser
import Files
import FlowModels
import Foundation
import Imaging
import Torch

struct InterpolateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interpolate", abstract: "Draw the images between images.",
    discussion: """
      A path leads through the latents of the images, in their order: files, images of a data set (--indices 0,5,17), or \
      a file of latents. --out draws a row of images for each pair of neighbors, --video the way through all of them.

      A straight path is a line between latents, which passes closer to the center than any image lies: the images on it \
      look like samples of a temperature of 0.7, smooth and typical. A spherical path keeps the distance from the \
      center: the images on it have as much detail as the ends, and as many faults as samples of temperature 1.

      Examples:
        glow interpolate --model faces one.png two.png --out between.png
        glow interpolate --model fashion-mnist --indices 0,5,17 --video way.png
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(
    help: "A safetensors file from glow encode; without it, images are taken.", completion: Completions.safetensors)
  var latents: String?
  @Option(
    name: .shortAndLong, help: "The picture to write, .png or .jpg; without it, give --video.", completion: .file())
  var out: String?
  @Option(help: "straight or spherical.") var path = LatentPath.Shape.straight
  @Option(help: "Images per row, both ends included.") var columns = 9
  @Option(help: "Draw every pixel this many pixels wide.") var enlarge = 2
  @OptionGroup var video: VideoOptions
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    guard (2...1000).contains(columns) else { throw ValidationError("--columns is \(columns), expected 2 to 1000") }
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
    guard out != nil || video.video != nil else {
      throw ValidationError("nothing to write: give --out for a picture, --video for a moving one, or both")
    }
    try requirePicture(out, from: inputs.files + [latents].compactMap { $0 }, force: overwriting.force)
    try OutputFile.video.require(
      video.video, "--video", from: inputs.files + [latents].compactMap { $0 }, force: overwriting.force)
    guard out == nil || out != video.video else {
      throw ValidationError("--video \(video.video!) is --out, too: name two files")
    }
    guard latents == nil || inputs.files.isEmpty && inputs.data == nil && inputs.split == nil else {
      throw ValidationError("--latents takes the place of picture files and of --data: leave one of them out")
    }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let keys = try keys(for: model, at: place)
    guard keys.latents.count >= 2 else {
      throw ValidationError(
        "an interpolation needs two images or more, got \(keys.latents.count): name picture files, or numbers of a data "
          + "set's images with --indices")
    }
    func along(closed: Bool) -> LatentPath {
      LatentPath(through: keys.latents, conditions: keys.conditions, shape: path, closed: closed)
    }
    let pictures = DrawnPictures(model)
    defer { pictures.warnOfStrayed("take --path straight, or images that are more alike") }
    if let out {
      let open = along(closed: false)
      let positions = (0..<open.segments).flatMap { first in
        (0..<columns).map { Double(first) + Double($0) / Double(columns - 1) }
      }
      let images = try pictures(model.images(of: open, at: positions))
      try PixelImage.grid(images, columns: columns, scale: enlarge).write(to: URL(filePath: out))
      tell("\(counted(open.segments, "interpolation")) of \(counted(columns, "image")): \(out)")
    }
    let closed = along(closed: video.loop)
    let frames = try video.write(segments: closed.segments) { positions in
      try pictures(model.images(of: closed, at: positions))
        .map { PixelImage.grid([$0], columns: 1, padding: 0, scale: enlarge) }
    }
    if let frames { tell("\(counted(frames, "frame")), \(video.fps ?? 24) a second: \(video.video!)") }
  }

  private func keys(
    for model: any FlowModel, at place: ModelPlace
  ) throws -> (latents: Latents, conditions: Tensor?) {
    guard let file = latents else {
      let images = try inputs.read(for: model, from: place, count: 2)
      return (
        try model.encode(images.x, labels: images.labels), try model.conditions(of: images.labels, count: images.count)
      )
    }
    let stored = try LatentFile(contentsOf: URL(filePath: file), for: model)
    let count = stored.latents.count
    let numbers = inputs.indices?.values ?? Array(0..<count)
    if let wrong = numbers.first(where: { $0 >= count }) {
      throw ValidationError("--indices \(wrong): \(file) holds the latents of images 0 to \(count - 1)")
    }
    let rows = try Tensor(numbers, on: model.options.device)
    let labels = try inputs.label.map { label in
      try Tensor([Int](repeating: labelIndex(label, of: model), count: numbers.count), on: model.options.device)
    }
    return (
      Latents(levels: try stored.latents.levels.map { try $0.selecting(rows, alongDimension: 0) }),
      try model.conditions(
        of: labels ?? stored.labels?.selecting(rows, alongDimension: 0), count: numbers.count)
    )
  }
}

extension LatentPath.Shape: ExpressibleByArgument {}

import ModelImages
import Analysis
import ArgumentParser
import Files
import FlowModels
import Foundation
import Imaging
import Torch

struct AttributesApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Move images along the directions of attributes.",
    discussion: """
      Strength 1 moves an image, in its coordinate along the direction, by the whole difference between the means of \
      images with and without the attribute; -1 the other way; 0 leaves it as it is.

      --attribute NAME varies the strength over --strength: one draws a strip an image, a strength a column; two draw a \
      grid an image, the first across and the second down. --attribute NAME=STRENGTH holds a strength fixed, beside \
      these or, alone, as one edited image beside the original; any number of them add up.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "A file from glow attributes fit of this model.") var attributes: String
  @Option(help: "NAME, or NAME=STRENGTH; repeat for several.") var attribute: [String]
  @Option(parsing: .unconditional, help: ArgumentHelp("From the first to the last column.", valueName: "a...b"))
  var strength = StrengthRange(lower: -1, upper: 1)
  @Option(help: "Strengths, from end to end.") var steps = 7
  @Option(help: "mean or discriminant.") var direction = AttributeDirections.Kind.mean
  @Option(help: "Images to take of a data set.") var limit = 4
  @Option(help: "The picture to write, .png or .jpg.") var out: String
  @Option(help: "Draw every pixel this many pixels wide.") var enlarge = 2

  /// `a...b` as a person writes it.
  struct StrengthRange: ExpressibleByArgument {
    let lower: Double
    let upper: Double

    init(lower: Double, upper: Double) { (self.lower, self.upper) = (lower, upper) }

    init?(argument: String) {
      guard let dots = argument.range(of: "..."),
        let lower = Double(argument[..<dots.lowerBound]), let upper = Double(argument[dots.upperBound...]),
        abs(lower) <= 1000, abs(upper) <= 1000
      else { return nil }
      self.init(lower: lower, upper: upper)
    }

    var defaultValueDescription: String { "\(lower.formatted())...\(upper.formatted())" }
  }

  func validate() throws {
    guard (2...1000).contains(steps) else { throw ValidationError("--steps is \(steps), expected 2 to 1000") }
    guard limit > 0 else { throw ValidationError("--limit is \(limit), expected 1 or more") }
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
    try requirePicture(out, from: inputs.files)
    guard !attribute.isEmpty else { throw ValidationError("name an attribute with --attribute") }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let directions = try AttributeDirections(contentsOf: URL(filePath: attributes), for: model)
    let requests = try attribute.map { try request($0, directions) }
    let fixed = requests.compactMap { request in request.strength.map { (request.attribute, $0) } }
    let varied = requests.filter { $0.strength == nil }.map(\.attribute)
    guard varied.count <= 2 else {
      throw ValidationError(
        "\(varied.count) attributes without a strength: a picture shows two at most, give the others one")
    }
    let (images, labels) = try images(for: model, at: place, directions)
    let strengths = (0..<steps).map {
      strength.lower + (strength.upper - strength.lower) * Double($0) / Double(steps - 1)
    }
    let texts = strengths.map { String(format: "%.3g", $0) }
    let names = varied.map { directions.attributes[$0].name }
    let rows = try (0..<images.count).map { image in
      let x = try images.x.narrowed(0, image..<image + 1)
      let label = try labels?.narrowed(0, image..<image + 1)
      let latents = try model.encode(x, labels: label)
      func edited(_ strengths: [(attribute: Int, strength: Double)]) throws -> Latents {
        try directions.edited(latents, strengths, along: direction)
      }
      let cells: [Latents] =
        switch varied.count {
        case 0: try [latents, edited(fixed)]
        case 1: try strengths.map { try edited(fixed + [(varied[0], $0)]) }
        default:
          try strengths.flatMap { down in
            try strengths.map { across in try edited(fixed + [(varied[0], across), (varied[1], down)]) }
          }
        }
      return try decoded(cells, label, model)
    }
    try picture(rows, texts, names).write(to: URL(filePath: out))
    print(
      "\(counted(images.count, "image")) edited along \(attribute.joined(separator: ", ")): \(out)")
  }

  private func picture(_ rows: [[PixelImage]], _ texts: [String], _ names: [String]) -> PixelImage {
    switch names.count {
    case 0:
      PixelImage.labeledGrid(
        Array(rows.joined()), columns: 2, columnLabels: ["original", "edited"], scale: enlarge)
    case 1: PixelImage.labeledGrid(Array(rows.joined()), columns: steps, columnLabels: texts, scale: enlarge)
    default:
      PixelImage.stack(
        rows.map { PixelImage.labeledGrid($0, columns: steps, rowLabels: texts, columnLabels: texts, scale: enlarge) })
    }
  }

  private func decoded(_ cells: [Latents], _ label: Tensor?, _ model: any FlowModel) throws -> [PixelImage] {
    try stride(from: 0, to: cells.count, by: 64).flatMap { start in
      let part = try Latents.concatenating(Array(cells[start..<min(cells.count, start + 64)]))
      let labels = try label?.expanded(to: [part.count]).contiguous()
      return try model.pictures(of: model.decode(part, labels: labels))
    }
  }

  /// The images, under the labels that the directions were found under.
  private func images(for model: any FlowModel, at place: ModelPlace, _ directions: AttributeDirections) throws -> (
    ImageInputs.Images, Tensor?
  ) {
    let images = try inputs.read(for: model, from: place, count: limit)
    guard case .fixed(let label) = directions.labels else { return (images, images.labels) }
    let name = model.configuration.classNames[label]
    guard try inputs.label.map({ try labelIndex($0, of: model) == label }) ?? true else {
      throw ValidationError("--label \(inputs.label!): the directions in \(attributes) are those under \(name)")
    }
    return (images, try Tensor([Int](repeating: label, count: images.count), on: model.options.device))
  }

  private func request(
    _ text: String, _ directions: AttributeDirections
  ) throws -> (attribute: Int, strength: Double?) {
    if let number = try? directions.number(of: text) { return (number, nil) }
    guard let sign = text.lastIndex(of: "=") else { return (try directions.number(of: text), nil) }
    let number = try directions.number(of: String(text[..<sign]))
    let value = text[text.index(after: sign)...]
    guard let strength = Double(value), abs(strength) <= 1000 else {
      throw ValidationError("--attribute \(text): the strength \"\(value)\" is no number from -1000 to 1000")
    }
    return (number, strength)
  }
}

extension AttributeDirections.Kind: ExpressibleByArgument {}

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
    commandName: "apply", abstract: "Change attributes of images.",
    discussion: """
      With --attributes, images move along directions in the latents. Strength 1 moves an image, in its coordinate along the direction, by the whole difference between the means of \
      images with and without the attribute; -1 the other way; 0 leaves it as it is.

      --attribute NAME varies the strength over --strength: one draws a strip an image, a strength a column; two draw a \
      grid an image, the first across and the second down. --attribute NAME=STRENGTH holds a strength fixed, beside \
      these or, alone, as one edited image beside the original; any number of them add up.

      Without it, a model that is conditioned on attributes encodes each image under the attributes that it has, and decodes \
      it under others: --with and --without name them. Here --attribute changes what the model is told of one attribute, \
      and its strength is that itself: 1 with it, -1 without, 0 where nothing is said.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "A file from glow attributes fit of this model; without, what the model is told of images changes.")
  var attributes: String?
  @Option(help: "NAME, or NAME=STRENGTH; repeat for several.") var attribute: [String] = []
  @OptionGroup var told: AttributeOptions
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
    guard attributes == nil || told.isEmpty else {
      throw ValidationError("--with and --without change what a model is told, not directions: leave --attributes out")
    }
    guard !attribute.isEmpty || !told.isEmpty else {
      throw ValidationError(
        attributes == nil
          ? "name an attribute with --with, --without or --attribute" : "name an attribute with --attribute")
    }
  }

  /// Latents, and what the model is told of them.
  private typealias Cell = (latents: Latents, labels: Tensor?)

  func run() throws {
    let (place, model) = try modelOptions.load()
    let editor = try attributes.map { try along($0, model, place) } ?? told(model, place)
    let requests = try attribute.map { try request($0, editor.number) }
    let fixed = requests.compactMap { request in request.strength.map { (request.attribute, $0) } }
    let varied = requests.filter { $0.strength == nil }.map(\.attribute)
    guard varied.count <= 2 else {
      throw ValidationError(
        "\(varied.count) attributes without a strength: a picture shows two at most, give the others one")
    }
    let strengths = (0..<steps).map {
      strength.lower + (strength.upper - strength.lower) * Double($0) / Double(steps - 1)
    }
    let pictures = DrawnPictures(model)
    defer { pictures.warnOfStrayed("take smaller strengths") }
    let rows = try (0..<editor.images.count).map { image in
      let range = image..<image + 1
      let labels = try editor.images.labels?.narrowed(0, range)
      let original: Cell = (try model.encode(editor.images.x.narrowed(0, range), labels: labels), labels)
      func edited(_ strengths: [(attribute: Int, strength: Double)]) throws -> Cell {
        try editor.edit(original, fixed + strengths)
      }
      let cells: [Cell] =
        switch varied.count {
        case 0: try [original, edited([])]
        case 1: try strengths.map { try edited([(varied[0], $0)]) }
        default:
          try strengths.flatMap { down in
            try strengths.map { across in try edited([(varied[0], across), (varied[1], down)]) }
          }
        }
      return try decoded(cells, model, pictures)
    }
    try picture(rows, strengths.map { String(format: "%.3g", $0) }, varied.count).write(to: URL(filePath: out))
    let names = attribute + told.has.map { "with " + $0 } + told.lacks.map { "without " + $0 }
    print("\(counted(editor.images.count, "image")) edited, \(names.joined(separator: ", ")): \(out)")
  }

  /// How attributes of images change.
  private struct Editor {
    let images: ImageInputs.Images
    /// The number of an attribute by its name.
    let number: (String) throws -> Int
    let edit: (Cell, [(attribute: Int, strength: Double)]) throws -> Cell
  }

  /// Along the directions in a file.
  private func along(_ file: String, _ model: any FlowModel, _ place: ModelPlace) throws -> Editor {
    let directions = try AttributeDirections(contentsOf: URL(filePath: file), for: model)
    let images = try inputs.read(for: model, from: place, count: limit)
    return Editor(
      images: .init(pixels: images.pixels, x: images.x, labels: try labels(of: images, directions, file, model)),
      number: directions.number
    ) { original, strengths in
      (try directions.edited(original.latents, strengths, along: direction), original.labels)
    }
  }

  /// By what the model is told of images.
  private func told(_ model: any FlowModel, _ place: ModelPlace) throws -> Editor {
    let configuration = model.configuration
    guard !configuration.attributeNames.isEmpty else {
      throw ValidationError(
        "the model is not conditioned on attributes: give directions, from glow attributes fit, with --attributes")
    }
    _ = try told.row(for: configuration)
    return Editor(
      images: try inputs.read(for: model, from: place, count: limit),
      number: { name in
        do { return try configuration.attributeNumber(name) } catch let error as ModelError {
          throw ValidationError("--attribute: \(error)")
        }
      }
    ) { original, strengths in
      let rows = try told.changing(original.labels!, for: model)
      var values = try rows.elements(Float.self)
      for (attribute, strength) in strengths { values[attribute] = Float(strength) }
      return (original.latents, try Tensor(values, shape: rows.shape, on: rows.device).converted(to: rows.dtype))
    }
  }

  private func picture(_ rows: [[PixelImage]], _ texts: [String], _ varied: Int) -> PixelImage {
    switch varied {
    case 0:
      PixelImage.labeledGrid(
        Array(rows.joined()), columns: 2, columnLabels: ["original", "edited"], scale: enlarge)
    case 1: PixelImage.labeledGrid(Array(rows.joined()), columns: steps, columnLabels: texts, scale: enlarge)
    default:
      PixelImage.stack(
        rows.map { PixelImage.labeledGrid($0, columns: steps, rowLabels: texts, columnLabels: texts, scale: enlarge) })
    }
  }

  private func decoded(
    _ cells: [Cell], _ model: any FlowModel, _ pictures: DrawnPictures
  ) throws -> [PixelImage] {
    try stride(from: 0, to: cells.count, by: 64).flatMap { start in
      let part = cells[start..<min(cells.count, start + 64)]
      let labels = part.compactMap(\.labels)
      return try pictures(
        model.decode(
          .concatenating(part.map(\.latents)),
          labels: labels.isEmpty ? nil : .concatenating(labels, alongDimension: 0)))
    }
  }

  /// What the directions were found under.
  private func labels(
    of images: ImageInputs.Images, _ directions: AttributeDirections, _ file: String, _ model: any FlowModel
  ) throws -> Tensor? {
    switch directions.labels {
    case .own: return images.labels
    case .unsaid: return nil
    case .fixed(let label):
      let name = model.configuration.classNames[label]
      guard try inputs.label.map({ try labelIndex($0, of: model) == label }) ?? true else {
        throw ValidationError("--label \(inputs.label!): the directions in \(file) are those under \(name)")
      }
      return try Tensor([Int](repeating: label, count: images.count), on: model.options.device)
    }
  }

  private func request(
    _ text: String, _ number: (String) throws -> Int
  ) throws -> (attribute: Int, strength: Double?) {
    if let number = try? number(text) { return (number, nil) }
    guard let sign = text.lastIndex(of: "=") else { return (try number(text), nil) }
    let attribute = try number(String(text[..<sign]))
    let value = text[text.index(after: sign)...]
    guard let strength = Double(value), abs(strength) <= 1000 else {
      throw ValidationError("--attribute \(text): the strength \"\(value)\" is no number from -1000 to 1000")
    }
    return (attribute, strength)
  }
}

extension AttributeDirections.Kind: ExpressibleByArgument {}

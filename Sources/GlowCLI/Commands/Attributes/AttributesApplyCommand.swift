import ModelImages
import Analysis
import ArgumentParser
import Files
import FlowModels
import Foundation
import Imaging
import Inference
import Torch

struct AttributesApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Change attributes of images.",
    discussion: """
      With --attributes, images move along directions in the latents. Strength 1 moves an image, in its coordinate along \
      the direction, by the whole difference between the means of images with and without the attribute; -1 the other way; \
      0 leaves it as it is. No level of its latent becomes longer: that would leave what the model knows.

      --attribute NAME varies the strength over --strength: one draws a strip an image, a strength a column; two draw a \
      grid an image, the first across and the second down; with --strips, each of any number has a strip of its own. \
      --attribute NAME=STRENGTH holds a strength fixed, beside \
      these or, alone, as one edited image beside the original; any number of them add up.

      Without it, a model that is conditioned on attributes encodes each image under the attributes that it has, and decodes \
      it under others: --with and --without name them. Here --attribute changes what the model is told of one attribute, \
      and its strength is that itself: 1 with it, -1 without, 0 where nothing is said. Training tells no more; strengths of 2 \
      or 3 show more clearly what was learned.

      --video shows the images side by side on their way to each of the edits and back, one edit after the other; an \
      attribute without a strength has that of the last column.

      Examples:
        glow attributes apply --model faces me.png --with eyeglasses --out edited.png
        glow attributes apply --model fashion-mnist --attribute pullover -o strip.png
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(
    help: """
      A file from glow attributes fit of this model; by default attributes.safetensors in its or its run's folder, unless the \
      model is told attributes: then what it is told changes.
      """,
    completion: Completions.safetensors)
  var attributes: String?
  @Option(help: "NAME, or NAME=STRENGTH; repeat for several. Without it, give --with or --without.") var attribute:
    [String] = []
  @OptionGroup var told: AttributeOptions
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Strengths from the first to the last column.", valueName: "a...b"))
  var strength = StrengthRange(lower: -1, upper: 1)
  @Option(help: "Images per row: strengths from end to end.") var columns = 7
  @Flag(help: "Draw a strip for each attribute without a strength.") var strips = false
  @Option(help: "The kind of direction: mean, discriminant or regression.") var direction = AttributeDirections.Kind
    .mean
  @Option(help: "The most images of --data, spread evenly over the split; by default 4.") var limit: Int?
  @Option(
    name: .shortAndLong, help: "The picture to write, .png or .jpg; without it, give --video.", completion: .file())
  var out: String?
  @Option(help: "Draw every pixel this many pixels wide.") var enlarge = 2
  @OptionGroup var video: VideoOptions
  @OptionGroup var overwriting: ForceOption

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
    guard (2...1000).contains(columns) else { throw ValidationError("--columns is \(columns), expected 2 to 1000") }
    try inputs.requireMeaning(ofLimit: limit)
    guard (1...64).contains(enlarge) else { throw ValidationError("--enlarge is \(enlarge), expected 1 to 64") }
    try requirePicture(out, from: inputs.files, force: overwriting.force)
    try OutputFile.video.require(video.video, "--video", from: inputs.files, force: overwriting.force)
    guard out != nil || video.video != nil else {
      throw ValidationError("nothing to write: give --out for a picture, --video for a moving one, or both")
    }
    guard out == nil || out != video.video else {
      throw ValidationError("--video \(video.video!) is --out, too: name two files")
    }
    guard attributes == nil || told.isEmpty else {
      throw ValidationError("--with and --without change what a model is told, not directions: leave --attributes out")
    }
    guard !attribute.isEmpty || !told.isEmpty else {
      throw ValidationError(
        attributes == nil
          ? "name an attribute with --with, --without or --attribute" : "name an attribute with --attribute")
    }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let images = try inputs.read(for: model, from: place, count: limit ?? 4)
    let directions = attributes ?? directionsBeside(model, at: place)
    let editor =
      try directions.map { try AttributeEditor(of: images, along: $0, direction, labeled: inputs.label, model) }
      ?? AttributeEditor(of: images, telling: told, model)
    let requests = try attribute.map { try request($0, editor.number) }
    let varied = requests.filter { $0.strength == nil }.map(\.attribute)
    guard out == nil || strips || varied.count <= 2 else {
      throw ValidationError(
        "\(varied.count) attributes without a strength: a picture shows two at most, give the others one, or draw --strips"
      )
    }
    guard !strips || !varied.isEmpty else {
      throw ValidationError("--strips draws attributes without a strength, and each has one")
    }
    let pictures = DrawnPictures(model)
    defer { pictures.warnOfStrayed("take smaller strengths") }
    let originals = try (0..<images.count).map(editor.original)
    let names = attribute + editor.namesSaid
    if let out {
      let fixed = requests.compactMap { request in request.strength.map { (request.attribute, $0) } } + editor.said
      if strips {
        let rows = try originals.map { original in
          try varied.flatMap { try editor.decoded(cells(original, editor, [$0], fixed), pictures) }
        }
        let names = requests.indices.filter { requests[$0].strength == nil }.map { attribute[$0] }
        try picture(ofStrips: rows, names).write(to: URL(filePath: out))
      } else {
        let rows = try originals.map { try editor.decoded(cells($0, editor, varied, fixed), pictures) }
        try picture(rows, varied.count).write(to: URL(filePath: out))
      }
      tell("\(counted(images.count, "image")) edited, \(names.joined(separator: ", ")): \(out)")
    }
    let edits = requests.map { ($0.attribute, $0.strength ?? strength.upper) } + editor.said
    try editor.noteImplied(by: edits)
    let frames = try video.write(segments: 2 * edits.count, batch: 1) { positions in
      [try frame(at: positions[0], of: originals, edits, named: names, editor, pictures)]
    }
    if let frames { tell("\(counted(frames, "frame")), \(video.fps ?? 24) a second: \(video.video!)") }
  }

  /// The directions that lie beside a model that is told nothing of attributes.
  private func directionsBeside(_ model: any FlowModel, at place: ModelPlace) -> String? {
    guard told.isEmpty, model.configuration.attributeNames.isEmpty,
      let file = AttributesSearch.file(beside: place.folder)
    else {
      return nil
    }
    warn("the directions are those in \(file.relativePath)")
    return file.path
  }

  /// Those of one image's row of the picture.
  private func cells(
    _ original: AttributeEditor.Cell, _ editor: AttributeEditor, _ varied: [Int], _ fixed: [AttributeChange]
  ) throws -> [AttributeEditor.Cell] {
    func edited(_ changes: [AttributeChange]) throws -> AttributeEditor.Cell {
      try editor.edited(original, fixed + changes)
    }
    switch varied.count {
    case 0: return try [original, edited([])]
    case 1: return try strengths.map { try edited([(varied[0], $0)]) }
    default:
      return try strengths.flatMap { down in
        try strengths.map { across in try edited([(varied[0], across), (varied[1], down)]) }
      }
    }
  }

  /// Two segments an edit: there and back, slow at both ends.
  private func frame(
    at position: Double, of originals: [AttributeEditor.Cell], _ edits: [AttributeChange], named names: [String],
    _ editor: AttributeEditor, _ pictures: DrawnPictures
  ) throws -> PixelImage {
    let number = min(Int(position / 2), edits.count - 1)
    let way = (1 - cos(Double.pi * (position - 2 * Double(number)))) / 2
    let cells = try originals.map { try editor.edited($0, [edits[number]], way: way) }
    // Of one length, so that all frames are of one size.
    let longest = names.map(\.count).max()!
    let name = names[number].padding(toLength: longest, withPad: " ", startingAt: 0)
    return PixelImage.labeledGrid(
      try editor.decoded(cells, pictures), columns: cells.count, columnLabels: [name], scale: enlarge)
  }

  private var strengths: [Double] {
    (0..<columns).map { strength.lower + (strength.upper - strength.lower) * Double($0) / Double(columns - 1) }
  }

  private var strengthTexts: [String] { strengths.map { String(format: "%.3g", $0) } }

  /// - Parameter rows: the strips of one image each.
  private func picture(ofStrips rows: [[PixelImage]], _ names: [String]) -> PixelImage {
    PixelImage.labeledGrid(
      Array(rows.joined()), columns: columns, rowLabels: rows.flatMap { _ in names }, columnLabels: strengthTexts,
      scale: enlarge)
  }

  private func picture(_ rows: [[PixelImage]], _ varied: Int) -> PixelImage {
    let texts = strengthTexts
    switch varied {
    case 0:
      return PixelImage.labeledGrid(
        Array(rows.joined()), columns: 2, columnLabels: ["original", "edited"], scale: enlarge)
    case 1: return PixelImage.labeledGrid(Array(rows.joined()), columns: columns, columnLabels: texts, scale: enlarge)
    default:
      return PixelImage.stack(
        rows.map { PixelImage.labeledGrid($0, columns: columns, rowLabels: texts, columnLabels: texts, scale: enlarge) }
      )
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

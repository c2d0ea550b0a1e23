import ModelImages
import Analysis
import ArgumentParser
import Datasets
import Files
import Foundation

struct AttributesFitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Find the direction of each attribute of a data set.",
    discussion: """
      Attributes are the columns of a folder's attributes.csv, and each class against the rest. Three directions each: the \
      mean latent of images with the attribute less that of images without, Fisher's linear discriminant, and the part of \
      this attribute in a regression by all of them, which holds the others fixed. They are from the training split; how \
      well they tell images of the validation split apart (the area under the ROC curve: 1 always, 0.5 not at all) says \
      which edits to trust.

      A conditional model sees each image under its own label, so that its latents hold little of the class itself; \
      --label shows it all images under one, and edits are then made under that one. To a model that is conditioned on \
      attributes nothing is said of any.

      Where only some images can have an attribute at all (a skin tone: people), --among leaves the others out; else what \
      sets those apart becomes part of the direction.

      Example:
        glow attributes fit --model runs/faces --out directions.safetensors
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    help: "As in train; by default what the model was trained on, else fashion-mnist.", completion: Completions.data)
  var data: String?
  @Option(help: "An attribute or class to find a direction of; repeat for several. By default all.") var attribute:
    [String] = []
  @Option(
    help: "Only images that have this attribute or class, or another one given so; repeat for several. By default all.")
  var among: [String] = []
  @Option(help: "For a conditional model: the label that all images are seen under; by default each image's own.")
  var label: String?
  @Option(help: "The most images, spread evenly over the training split; by default all.") var limit: Int?
  @Option(help: "The most images, spread evenly over the validation split; by default all.") var heldOutLimit: Int?
  @Option(name: .shortAndLong, help: "The safetensors file to write.", completion: .file()) var out: String
  @Option(help: "A kind of direction to write, mean, discriminant or regression; repeat for two. By default all.")
  var direction: [AttributeDirections.Kind] = []
  @Option(help: "Numbers of the directions on disk, float32 or float16.") var dtype = DiskPrecision.float32
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
    if let heldOutLimit, heldOutLimit < 1 {
      throw ValidationError("--held-out-limit is \(heldOutLimit), expected 1 or more")
    }
    try OutputFile.attributes.require(out, force: overwriting.force)
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let labels =
      try label.map { LabelChoice.fixed(try labelIndex($0, of: model)) }
      ?? (model.configuration.attributeNames.isEmpty ? .own : .unsaid)
    let images = try ModelData(data, for: model.configuration, at: place)
    func open(_ split: DatasetSplit, _ limit: Int?) throws -> any ImageDataset {
      let dataset = try images.open(split)
      return limit.map(dataset.evenly) ?? dataset
    }
    let (training, heldOut) = (try open(.train, limit), try open(.validation, heldOutLimit))
    let total = training.count + heldOut.count
    let bar = ProgressBar()
    defer { bar.clear() }
    var fit = try AttributeFit(
      of: model, training: training, heldOut: heldOut, names: attribute.isEmpty ? nil : attribute, among: among,
      labels: labels
    ) { bar.update($0, of: total, "images") }
    bar.clear()
    if !direction.isEmpty { fit.directions.keep(Set(direction)) }
    try fit.directions.write(to: URL(filePath: out), as: dtype.dtype)
    for left in fit.oneSided {
      warn("attribute \"\(left.name)\" is left out: \(counted(left.with, "image")) with it, \(left.without) without")
    }
    printTable(of: fit.directions)
    let count = fit.directions.attributes.count
    tell("\(counted(count, "attribute")): \(out)")
  }
}

/// An attribute a line: counts, held-out counts and areas, lengths.
func printTable(of directions: AttributeDirections) {
  let width = max(9, directions.attributes.map(\.name.count).max() ?? 0)
  func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  func number(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "-" }
  func line(_ name: String, _ fields: [String]) -> String {
    name + String(repeating: " ", count: width - name.count) + fields.map { padded($0, 9) }.joined()
  }
  print(directions.data + (directions.shrinkage > 0 ? String(format: "; shrinkage %.4f", directions.shrinkage) : ""))
  let kinds = directions.kinds
  let titles: [AttributeDirections.Kind: String] = [.mean: "mean", .discriminant: "linear", .regression: "joint"]
  let names = kinds.map { titles[$0]! }
  print(line("", ["", "", "", "held out", ""] + kinds.map { _ in "AUC" } + kinds.map { _ in "length" }))
  print(line("attribute", ["with", "without", "unknown", "with", "without"] + names + names))
  for attribute in directions.attributes {
    print(
      line(
        attribute.name,
        [
          "\(attribute.with)", "\(attribute.without)", "\(attribute.unknown)", "\(attribute.heldOutWith)",
          "\(attribute.heldOutWithout)",
        ]
          + kinds.map { number(attribute.areaUnderROC[$0.rawValue], "%.3f") }
          + kinds.map { number(attribute.length[$0.rawValue], "%.2f") }))
  }
}

import Analysis
import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import Imaging

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score images one by one: likelihood, typicality, complexity.",
    discussion: """
      A line an image: bits/dim; with --reference, how many standard deviations log p lies from its mean over the \
      reference images (typicality, Nalisnick et al. 2019), and the percentage of them that are less likely; then the \
      size as a PNG in bits/dim, bits/dim less that (Serra et al. 2020: the higher, the stranger), and the percentage of \
      reference images where that is lower.

      Likelihood alone does not tell outliers: a model gives simple images of any kind (a blank one, another data set's) \
      a higher likelihood than most of those that it was trained on. Look at both sides of typicality and at the \
      corrected score, and try them on outliers that you have.

      Examples:
        glow score --model fashion-mnist --limit 100
        glow score --model faces holiday-pictures --fit --out scores.csv
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Argument(help: "Picture files and folders of them; without any, images of --data.", completion: Completions.picture)
  var inputs: [String] = []
  @Option(
    help: "As in train; by default what the model was trained on, else fashion-mnist.", completion: Completions.data)
  var data: String?
  @Option(help: "Of --data: train, validation or test; by default test.") var split: DatasetSplit?
  @Option(help: "The most images, spread evenly over all; by default all.") var limit: Int?
  @Flag(help: "Crop and resize picture files of another size than the model's; without it they are refused.")
  var fit = false
  @OptionGroup var damage: DamageOptions
  @Option(help: "The most pixels of a picture file, width times height.")
  var pixelLimit = PixelImage.defaultPixelLimit
  @Option(
    help: "Images of the right kind, as SET or SET:SPLIT (of SET, validation); without it, there are no percentiles.",
    completion: Completions.data)
  var reference: NamedSplit?
  @Option(help: "The most images of the reference, spread evenly over it.") var referenceLimit = 2000
  @Option(
    help:
      "A file that keeps the reference's scores: written where it is missing, else read. Without it, they are not kept.",
    completion: Completions.safetensors)
  var referenceCache: String?
  @Option(help: "Of a conditional model: any (p is the mean over all labels) or own (a data set's labels).")
  var label = ScoreCondition.anyLabel
  @Option(
    help: "Seed of the dequantization noise, which each image has by its place in the list; by default 0.",
    transform: seedNumber) var seed: UInt64 = 0
  @Flag(help: "A JSON object a line, in place of CSV.") var json = false
  @Option(name: .shortAndLong, help: "The file to write; by default standard output.", completion: .file()) var out:
    String?
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
    try requirePixelLimit(pixelLimit)
    guard referenceLimit >= 2 else {
      throw ValidationError("--reference-limit is \(referenceLimit), expected 2 or more")
    }
    try OutputFile.scores.require(out, from: inputs, force: overwriting.force)
    if let referenceCache, !FileManager.default.fileExists(atPath: referenceCache) {
      try OutputFile.referenceScores.require(referenceCache, "--reference-cache", force: overwriting.force)
    }
    guard inputs.isEmpty || damage.skipDamaged == nil else {
      throw ValidationError("--skip-damaged is for the images of --data: leave it out for picture files")
    }
    guard inputs.isEmpty || data == nil else {
      throw ValidationError("--data takes the place of picture files: leave one of them out")
    }
    guard inputs.isEmpty || split == nil else {
      throw ValidationError("--split is of --data: leave it out for picture files")
    }
    guard referenceCache == nil || reference != nil else {
      throw ValidationError("--reference-cache keeps a reference's scores: say with --reference of which images")
    }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let (dataset, names) = try images(model, at: place)
    let reference = try referenceScores(model, at: place)
    let output = try LineOutput(to: out)
    let bar = ProgressBar()
    defer { bar.clear() }
    if !json { try output.write([ScoreLine.header(withPlace: reference != nil)]) }
    var done = 0
    try model.score(dataset, condition: label, seed: seed) { scores in
      let lines = try scores.enumerated().map { i, score in
        let line = ScoreLine(
          image: names(done + i), score: score, place: reference?.place(of: score), checkpoint: place.checkpoint)
        return json ? try line.json() : line.csv
      }
      try output.write(lines)
      done += scores.count
      if out != nil { bar.update(done, of: dataset.count, "images") }
    }
    try output.finish()
    bar.clear()
    if let out { tell("\(counted(done, "image")) scored: \(out)") }
  }

  /// The images, and what each is called.
  private func images(_ model: any FlowModel, at place: ModelPlace) throws -> (any ImageDataset, (Int) -> ScoredImage) {
    var dataset: any ImageDataset
    var names: (Int) -> ScoredImage
    if inputs.isEmpty {
      let images = try ModelData(
        data, for: model.configuration, at: place, skippingDamaged: damage.skipDamaged
      ).openSound(split ?? .test)
      dataset = images.dataset
      names = { .number(images.number(of: $0)) }
    } else {
      let shape = try model.pictureShape()
      let files = try pictureFiles(of: shape)
      warn(ofNotesOn: files)
      names = { .file(files.files[$0]) }
      dataset = files
    }
    if let limit {
      let (numbers, whole) = (dataset.evenIndices(limit), names)
      dataset = dataset.evenly(limit)
      names = { whole(numbers[$0]) }
    }
    if label == .ownLabel, model.configuration.classCount > 0, !model.configuration.hasLabels(dataset.classNames) {
      throw ValidationError(
        "--label own: the images of \(dataset.name) have none of the model's labels; score them under any with --label any"
      )
    }
    return (dataset, names)
  }

  private func pictureFiles(of shape: ImageShape) throws -> PictureFiles {
    do {
      return try PictureFiles(inputs.map { URL(filePath: $0) }, shape: shape, fitting: fit, pixelLimit: pixelLimit)
    } catch DatasetError.wrongField(let file, "size of the picture", _, let found) {
      throw ValidationError(
        "\(file) is \(found) pixels, the model takes \(shape.width)x\(shape.height): score it cropped and resized with "
          + "--fit, which is then part of the score")
    }
  }

  private func referenceScores(_ model: any FlowModel, at place: ModelPlace) throws -> ReferenceScores? {
    guard let reference else { return nil }
    let split = reference.split ?? .validation
    let name = "\(referenceLimit) of \(reference.data):\(split.rawValue), seed \(seed)"
    let cache = referenceCache.map { URL(filePath: $0) }
    if let cache, FileManager.default.fileExists(atPath: cache.path) {
      return try ReferenceScores(contentsOf: cache, model: model, data: name, condition: label)
    }
    let all = try ModelData(
      reference.data, for: model.configuration, at: place, skippingDamaged: damage.skipDamaged
    ).open(split)
    guard all.count >= 2 else {
      throw ValidationError(
        "--reference \(reference): the \(split.rawValue) split has \(counted(all.count, "image")), expected two or more: name "
          + "another set or split")
    }
    let dataset = all.evenly(referenceLimit)
    let bar = ProgressBar()
    defer { bar.clear() }
    let scores: ReferenceScores
    do {
      scores = try ReferenceScores(of: dataset, called: name, with: model, condition: label, seed: seed) {
        bar.update($0, of: dataset.count, "reference images")
      }
    } catch AnalysisError.dataset(_, let problem) {
      throw AnalysisError.dataset(name: "--reference \(reference)", problem: problem)
    }
    if let cache { try scores.write(to: cache) }
    return scores
  }
}

extension ScoreCondition: ExpressibleByArgument {}

import ArgumentParser
import Datasets
import Files
import FlowModels
import Flows
import Foundation
import Torch
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure a model's bits per dimension on a split.",
    discussion: """
      Examples:
        glow eval --model fashion-mnist
        glow eval --model runs/first --split validation --limit 1000 --json
      """)

  enum Weights: String, ExpressibleByArgument, CaseIterable { case averaged, raw }

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    help: "As in train; by default what the model was trained on, else fashion-mnist.", completion: Completions.data)
  var data: String?
  @Option(help: "train, validation or test.") var split = DatasetSplit.test
  @Option(help: "The most images, spread evenly over the split; by default all.") var limit: Int?
  @Option(help: "Draws of the dequantization noise per image; log p is their log-mean-exp.") var draws = 1
  @Option(help: "Seed of the dequantization noise; by default 0.", transform: seedNumber) var seed: UInt64 = 0
  @Option(help: "averaged or raw; raw needs a run folder.") var weights = Weights.averaged
  @Option(help: "What the coupling networks multiply: float32, bf16, or on NVIDIA GPUs tf32.")
  var precision = ConditionerPrecision.float32
  @OptionGroup var damage: DamageOptions
  @Flag(help: "How often the most likely label is the image's own.") var accuracy = false
  @Flag(help: "Also score the per-pixel histogram of the training images.") var baseline = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (1...10_000).contains(draws) else { throw ValidationError("--draws is \(draws), expected 1 to 10000") }
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
  }

  struct Report: Encodable {
    var model: String
    /// Of a run.
    var checkpoint: String?
    var data: String
    var weights: String
    var evaluation: Evaluation
    var histogramBaseline: Double?
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    try model.use(precision)
    if accuracy, model.configuration.classCount == 0 { warn("--accuracy is left out: the model has no labels") }
    if weights == .raw {
      guard FileManager.default.fileExists(atPath: place.folder.appending(path: "training.safetensors").path) else {
        throw ValidationError(
          "--weights raw: \(place.location) has the averaged weights alone, the checkpoints of a run have both")
      }
      try Trainer.loadRawWeights(into: model, from: place.folder)
    }
    let images = try ModelData(data, for: model.configuration, at: place, skippingDamaged: damage.skipDamaged)
    var dataset = try images.open(split)
    try requireLabels(of: dataset, for: model.configuration)
    let train = try baseline ? images.open(.train) : nil
    if let limit { dataset = dataset.evenly(limit) }
    let bar = ProgressBar()
    let total = dataset.count
    let evaluation = try model.evaluate(on: dataset, draws: draws, seed: seed, accuracy: accuracy) { done in
      bar.update(done, of: total, "images")
    }
    bar.clear()
    guard evaluation.bitsPerDimension.isFinite else {
      throw ModelError.file(
        modelOptions.location, reason: "gives images of \(dataset.name) a log-likelihood that is not finite")
    }
    var report = Report(
      model: modelOptions.location, checkpoint: place.checkpoint, data: dataset.name,
      weights: (model.keepsStatistics ? .raw : weights).rawValue,
      evaluation: evaluation)
    if let train {
      report.histogramBaseline = try HistogramBaseline(fittedTo: train, bits: model.configuration.bits)
        .bitsPerDimension(on: dataset)
    }
    try print(report, model.configuration)
  }

  /// Each image is scored under its own label, or its own attributes.
  private func requireLabels(of dataset: any ImageDataset, for model: any FlowConfiguration) throws {
    warn(ofAttributesMissingIn: dataset, for: model)
    guard model.classCount > 0, !model.hasLabels(dataset.classNames) else { return }
    func list(_ names: [String]) -> String {
      names.isEmpty ? "no labels" : "the labels " + names.joined(separator: ", ")
    }
    throw ValidationError(
      "the images of \(dataset.name) have \(list(dataset.classNames)), and the model is conditional: it scores each under one of "
        + "\(list(model.classNames)); name images that have those with --data, or score these without labels with glow score"
    )
  }

  private func print(_ report: Report, _ model: any FlowConfiguration) throws {
    if json { return printJSON(try prettyJSON(report)) }
    let result = report.evaluation
    let error = result.standardError.map { String(format: Terminal.isUTF8 ? " ± %.4f" : " +- %.4f", $0) } ?? ""
    GlowCLI.print(String(format: "%.4f\(error) bits/dim", result.bitsPerDimension))
    GlowCLI.print(
      "\(counted(result.bits, "bit")), \(result.split) split of \(report.data), \(counted(result.images, "image"))"
        + (result.images == 1 ? " (the error of one is not known), " : ", ")
        + "\(counted(result.draws, "dequantization sample")) each, \(report.weights) weights")
    if result.conditional, model.classCount == 0 {
      GlowCLI.print("each image under its own attributes")
    } else if result.conditional {
      let most = log2(Double(model.classCount)) / Double(model.dimensions)
      GlowCLI.print(
        String(format: "each image under its own label; without labels at most %.4f more", most))
    }
    if let accuracy = result.accuracy {
      GlowCLI.print(String(format: "%.2f%% of the images are labeled right", 100 * accuracy))
    }
    if let baseline = report.histogramBaseline {
      GlowCLI.print(String(format: "%.4f bits/dim: a histogram per pixel of the training images", baseline))
    }
  }
}

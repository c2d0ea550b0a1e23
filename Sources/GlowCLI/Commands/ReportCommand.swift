import ModelImages
import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import Imaging
import Reporting
import Runs
import Torch
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write a report on a run: curves, likelihood, samples, invertibility.",
    discussion: """
      The folder gets README.md with its pictures, and index.html, one page that needs nothing else. An earlier report \
      there is replaced.

      Example:
        glow report runs/first --out report
      """)

  @Argument(help: ArgumentHelp("A run folder.", valueName: "run"), completion: Completions.run) var folder: String
  @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory) var out: String
  @Option(
    help: ArgumentHelp(
      "newest, best (by validation), or after how many images it was written; by default the newest.",
      valueName: "checkpoint"), completion: .list(["newest", "best"]))
  var checkpoint: CheckpointChoice?
  @Option(help: "As in train; by default what the model was trained on.", completion: Completions.data) var data:
    String?
  @Option(help: "The most images, spread evenly over the test split; by default all.") var limit: Int?
  @Option(help: "Seed of samples and of the dequantization noise; by default 0.", transform: seedNumber) var seed:
    UInt64 = 0
  @OptionGroup var runtime: RuntimeOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
  }

  func run() throws {
    try OutputFolder.report.require(out)
    let document = try document(of: folder)
    try document.write(to: URL(filePath: out))
    tell("\(counted(document.figures.count, "figure")): \(out)/index.html and \(out)/README.md")
  }

  private func document(of path: String) throws -> Document {
    let device = try runtime.start()
    let folder = RunFolder(URL(filePath: path))
    guard !folder.checkpoints.isEmpty else {
      throw ValidationError("\(path) is no run folder: it holds no checkpoint")
    }
    let place = try ModelPlace(path, checkpoint: checkpoint ?? .newest)
    let training = try Trainer.savedConfiguration(ofCheckpoint: place.folder)
    let model = try place.read(on: TensorOptions(.float32, on: device))
    let data = try ModelData(data, for: model.configuration, at: place)
    var test = try data.open(.test)
    if let limit { test = test.evenly(limit) }
    let train = try data.open(.train)
    let bar = ProgressBar()
    defer { bar.clear() }
    let total = test.count
    let evaluation = try model.evaluate(on: test, seed: seed, accuracy: model.configuration.classCount > 0) {
      bar.update($0, of: total, "test images")
    }
    bar.clear()
    let baseline = try HistogramBaseline(fittedTo: train, bits: model.configuration.bits).bitsPerDimension(on: test)
    let held = try ModelBatch(
      EvaluationBatches(
        dataset: test, batchSize: min(16, test.count), seed: seed, attributes: model.configuration.attributeNames
      ).batch(at: 0), for: model)
    let metrics = try folder.metrics()
    return try RunReport(
      name: URL(filePath: path).lastPathComponent, settings: settings(model, training, metrics, place),
      metrics: metrics,
      evaluation: evaluation, baseline: baseline, invertibility: model.invertibility(on: held.x, labels: held.labels),
      samples: samples(model), reconstructions: reconstructions(model, held),
      interpolations: interpolations(model, held)
    ).document()
  }

  private func settings(
    _ model: any FlowModel, _ training: TrainingConfiguration, _ metrics: [Metrics], _ place: ModelPlace
  ) -> [(String, String)] {
    let configuration = model.configuration
    var rows = [
      ("model", configuration.summary), ("parameters", "\(model.parameters.count)"),
      (
        "images",
        "\(configuration.height)x\(configuration.width)x\(configuration.channels), \(counted(configuration.bits, "bit"))"
      ),
      ("checkpoint", place.checkpoint ?? place.location), ("data", training.data),
      ("images seen", "\(metrics.last?.images ?? 0) of \(training.images)"),
      ("batch", "\(training.batchSize)"),
      (
        "optimizer",
        "\(training.optimizer.rawValue), learning rate \(training.learningRate), \(training.decay.rawValue) decay"
      ),
      ("seed", "\(training.seed)"), ("report by", ProgramVersion.writer),
    ]
    if let last = metrics.last { rows.append(("training time", duration(last.seconds))) }
    for (name, values) in [("labels", configuration.classNames), ("attributes", configuration.attributeNames)]
    where !values.isEmpty { rows.append((name, values.joined(separator: ", "))) }
    return rows
  }

  private func samples(_ model: any FlowModel) throws -> [RunReport.Picture] {
    let count = 16
    let labels = try model.usualConditions(count: count, seed: seed)
    let temperatures = [0.3, 0.5, 0.7, 0.9, 1]
    let images = try temperatures.flatMap { temperature in
      try model.pictures(of: model.sample(count: count, temperature: temperature, labels: labels, seed: seed))
    }
    let grid = PixelImage.grid(images, columns: count, scale: 2)
    let rows = temperatures.map { "\($0)" }.joined(separator: ", ")
    return [.init("samples", grid, caption: "The same draws at temperatures \(rows), a row each.")]
  }

  private func reconstructions(_ model: any FlowModel, _ held: ModelBatch) throws -> [RunReport.Picture] {
    let restored = try model.decode(model.encode(held.x, labels: held.labels), labels: held.labels)
    let images = try model.pictures(of: held.x) + model.pictures(of: restored)
    let grid = PixelImage.grid(images, columns: held.count, scale: 2)
    return [.init("reconstructions", grid, caption: "Test images, and the same images decoded from their latents.")]
  }

  private func interpolations(_ model: any FlowModel, _ held: ModelBatch) throws -> [RunReport.Picture] {
    let pairs = stride(from: 0, to: min(8, held.count - 1), by: 2)
    let images = try pairs.flatMap { index in
      let labels = try held.labels?.narrowed(0, index..<index + 2)
      let path = try model.interpolate(
        held.x.narrowed(0, index..<index + 1), held.x.narrowed(0, index + 1..<index + 2), steps: 9, labels: labels)
      return try model.pictures(of: path)
    }
    guard !images.isEmpty else { return [] }
    let grid = PixelImage.grid(images, columns: 9, scale: 2)
    return [.init("interpolations", grid, caption: "Each row leads from one test image to another.")]
  }
}

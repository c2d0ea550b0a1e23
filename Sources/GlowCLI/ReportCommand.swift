import ArgumentParser
import Datasets
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
      """)

  @Argument(help: ArgumentHelp("A run folder.", valueName: "run")) var folder: String?
  @Option(help: "The folder to write.") var out: String
  @Option(help: "As in train; by default what the model was trained on.") var data: String?
  @Option(help: "Only so many images, spread evenly over the test split.") var limit: Int?
  @Option(help: "Of samples and of the dequantisation noise.") var seed: UInt64 = 0
  @Option(help: .hidden) var study: String?
  @OptionGroup var runtime: RuntimeOptions

  func validate() throws {
    guard (folder == nil) != (study == nil) else { throw ValidationError("name a run folder") }
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
  }

  func run() throws {
    let document = try study.map { try studyDocument(URL(filePath: $0)) } ?? runDocument(folder!)
    try document.write(to: URL(filePath: out))
    print("\(document.figures.count) figures: \(out)/index.html and \(out)/README.md")
  }

  // MARK: One run

  private func runDocument(_ path: String) throws -> Document {
    let device = try runtime.start()
    let folder = RunFolder(URL(filePath: path))
    guard let checkpoint = folder.checkpoints.last else {
      throw ValidationError("\(path) is no run folder: it holds no checkpoint")
    }
    let training = try Trainer.savedConfiguration(of: folder)
    let model = try ModelFile.readModel(checkpoint, options: TensorOptions(.float32, on: device))
    var test = try openDataset(data, for: model.configuration, from: path, split: .test)
    if let limit { test = test.evenly(limit) }
    let bar = ProgressBar()
    defer { bar.clear() }
    let total = test.count
    let evaluation = try model.evaluate(on: test, seed: seed, accuracy: model.configuration.classCount > 0) {
      bar.update($0, of: total, "test images")
    }
    bar.clear()
    let train = try openDataset(data, for: model.configuration, from: path, split: .train)
    let baseline = try HistogramBaseline(fittedTo: train, bits: model.configuration.bits).bitsPerDimension(on: test)
    let held = try ModelBatch(
      EvaluationBatches(dataset: test, batchSize: min(16, test.count), seed: seed).batch(at: 0), for: model)
    let metrics = try folder.metrics()
    return try RunReport(
      name: URL(filePath: path).lastPathComponent, settings: settings(model, training, metrics), metrics: metrics,
      evaluation: evaluation, baseline: baseline, invertibility: model.invertibility(on: held.x, labels: held.labels),
      samples: samples(model), reconstructions: reconstructions(model, held),
      interpolations: interpolations(model, held)
    ).document()
  }

  private func settings(
    _ model: any FlowModel, _ training: TrainingConfiguration, _ metrics: [Metrics]
  ) -> [(String, String)] {
    let configuration = model.configuration
    var rows = [
      ("model", configuration.summary), ("parameters", "\(model.parameters.count)"),
      (
        "images", "\(configuration.height)x\(configuration.width)x\(configuration.channels), \(configuration.bits) bits"
      ),
      ("data", training.data), ("images seen", "\(metrics.last?.images ?? 0) of \(training.images)"),
      ("batch", "\(training.batchSize)"),
      (
        "optimiser",
        "\(training.optimizer.rawValue), learning rate \(training.learningRate), \(training.decay.rawValue) decay"
      ),
      ("seed", "\(training.seed)"),
    ]
    if let last = metrics.last { rows.append(("training time", duration(last.seconds))) }
    if configuration.classCount > 0 { rows.append(("labels", configuration.classNames.joined(separator: ", "))) }
    return rows
  }

  private func samples(_ model: any FlowModel) throws -> [RunReport.Picture] {
    let count = 16
    let classes = model.configuration.classCount
    let labels = classes == 0 ? nil : try Tensor((0..<count).map { $0 % classes }, on: model.options.device)
    let temperatures = [0.3, 0.5, 0.7, 0.9, 1]
    let images = try temperatures.flatMap { temperature in
      try pictures(
        model.sample(count: count, temperature: temperature, labels: labels, seed: seed), bits: model.configuration.bits
      )
    }
    let grid = PixelImage.grid(images, columns: count, scale: 2)
    let rows = temperatures.map { "\($0)" }.joined(separator: ", ")
    return [.init("samples", grid, caption: "The same draws at temperatures \(rows), a row each.")]
  }

  private func reconstructions(_ model: any FlowModel, _ held: ModelBatch) throws -> [RunReport.Picture] {
    let restored = try model.decode(model.encode(held.x, labels: held.labels), labels: held.labels)
    let bits = model.configuration.bits
    let images = try pictures(held.x, bits: bits) + pictures(restored, bits: bits)
    let grid = PixelImage.grid(images, columns: held.count, scale: 2)
    return [.init("reconstructions", grid, caption: "Test images, and the same images decoded from their latents.")]
  }

  private func interpolations(_ model: any FlowModel, _ held: ModelBatch) throws -> [RunReport.Picture] {
    let pairs = stride(from: 0, to: min(8, held.count - 1), by: 2)
    let images = try pairs.flatMap { index in
      let labels = try held.labels?.narrowed(0, index..<index + 2)
      let path = try model.interpolate(
        held.x.narrowed(0, index..<index + 1), held.x.narrowed(0, index + 1..<index + 2), steps: 9, labels: labels)
      return try pictures(path, bits: model.configuration.bits)
    }
    guard !images.isEmpty else { return [] }
    let grid = PixelImage.grid(images, columns: 9, scale: 2)
    return [.init("interpolations", grid, caption: "Each row leads from one test image to another.")]
  }

  // MARK: The study of docs/measurements/report

  private func studyDocument(_ file: URL) throws -> Document {
    let study = try Study(contentsOf: file)
    let benchmarks = [
      ("memory", "Peak memory of training against depth, reversible and keeping activations."),
      ("scaling", "Images a second in training, against batch, width and image size."),
    ]
    return try StudyReport(
      of: study,
      lines: { run in
        var (images, seconds) = (0.0, 0.0)
        return try RunFolder(URL(filePath: run.run)).metrics().map { line in
          seconds += (Double(line.images) - images) / line.imagesPerSecond
          images = Double(line.images)
          return .init(
            images: images, seconds: seconds, validation: line.validationBitsPerDimension,
            roundTripError: line.roundTripError, conditionNumber: line.worstConditionNumber)
        }
      },
      file: { path in
        do { return try [UInt8](Data(contentsOf: URL(filePath: path))) } catch {
          throw ReportError("\(path), a picture of the study, cannot be read: make the report anew")
        }
      },
      benchmarks: benchmarks.compactMap { name, caption in
        guard let plot = try? Data(contentsOf: URL(filePath: "docs/\(name).png")) else { return nil }
        return .init(name, .png([UInt8](plot)), caption: caption)
      }
    ).document
  }
}

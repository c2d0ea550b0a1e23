import ModelImages
import Analysis
import ArgumentParser
import Datasets
import Files
import FlowModels
import Foundation
import Torch

struct QualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality", abstract: "Precision and recall of samples against real images.",
    discussion: """
      Precision is the share of samples that lie among the real images, recall the share of real images that lie among \
      the samples (Kynkaanniemi et al. 2019: within reach of a k-th nearest neighbor). Here images are compared by their \
      pixels or by the model's own latents, not by features of a classification network as in the paper: figures are no \
      match for published ones. They tell models, temperatures and checkpoints on one data set apart; pixels see \
      brightness and outlines before detail, and reward smooth samples.

      --baseline puts real images of the validation split in the samples' place: what a perfect model would reach.

      Examples:
        glow quality --model fashion-mnist --baseline
        glow quality --model runs/first --temperature 0.9 --count 500
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    help: "As in train; by default what the model was trained on, else fashion-mnist.", completion: Completions.data)
  var data: String?
  @Option(help: "train, validation or test.") var split = DatasetSplit.test
  @Option(help: "Samples to draw, and as many images, spread evenly over the split.") var count = 2000
  @Option(help: "Scales the standard deviation of every prior; 0.7,0.9,1 gives one a level, the finest first.")
  var temperature = Temperatures(0.7)
  @Option(help: "pixels or latents.") var space = PointSpace.pixels
  @Option(help: "k: to which neighbor a point reaches.") var neighborCount = 3
  @Option(help: "Seed of the samples; by default 0.", transform: seedNumber) var seed: UInt64 = 0
  @Flag(help: "Also measure real images of the validation split.") var baseline = false
  @Flag(help: "Print one JSON object.") var json = false

  struct Report: Encodable {
    var checkpoint: String?
    var space: PointSpace
    var images: Int
    var split: String
    var data: String
    var neighbors: Int
    var temperature: [Double]
    var samples: PrecisionRecall
    var baseline: PrecisionRecall?
  }

  func validate() throws {
    guard (1...1000).contains(neighborCount) else {
      throw ValidationError("--neighbor-count is \(neighborCount), expected 1 to 1000")
    }
    guard count > neighborCount else {
      throw ValidationError("--count is \(count), expected more than the \(counted(neighborCount, "neighbor"))")
    }
    try temperature.validate()
    guard !(baseline && split == .validation) else {
      throw ValidationError("--baseline compares with the validation split: choose another --split")
    }
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let temperatures = try temperature.perLevel(of: model)
    let data = try ModelData(data, for: model.configuration, at: place)
    let all = try images(data, split)
    let validation = try baseline ? images(data, .validation) : nil
    // Figures compare only at equal counts.
    let size = min(count, all.count, validation?.count ?? count)
    let (real, other) = (all.evenly(size), validation?.evenly(size))
    let bar = ProgressBar()
    defer { bar.clear() }
    let (points, labels) = try model.points(of: real, in: space) { bar.update($0, of: real.count, "images") }
    func compare(_ generated: Tensor) throws -> PrecisionRecall {
      try PrecisionRecall(real: points, generated: generated, neighbors: neighborCount) {
        bar.update(Int(100 * $0), of: 100, "pairs compared")
      }
    }
    let samples = try compare(
      model.points(ofSamples: real.count, temperatures: temperatures, labels: labels, in: space, seed: seed))
    let reference = try other.map { try compare(model.points(of: $0, in: space).points) }
    bar.clear()
    try print(
      Report(
        checkpoint: place.checkpoint, space: space, images: real.count, split: split.rawValue, data: real.name,
        neighbors: neighborCount,
        temperature: temperatures, samples: samples, baseline: reference))
  }

  private func images(_ data: ModelData, _ split: DatasetSplit) throws -> any ImageDataset {
    let dataset = try data.open(split)
    guard dataset.count > neighborCount else {
      throw ValidationError(
        "the \(split.rawValue) split of \(dataset.name) has \(counted(dataset.count, "image")), expected more than "
          + "--neighbor-count, \(neighborCount): take another --split or --data")
    }
    return dataset
  }

  private func print(_ report: Report) throws {
    if json { return printJSON(try prettyJSON(report)) }
    func line(_ figures: PrecisionRecall, _ what: String) {
      GlowCLI.print(String(format: "precision %.3f, recall %.3f: ", figures.precision, figures.recall) + what)
    }
    line(report.samples, "\(counted(report.images, "sample")) at temperature \(temperature)")
    if let baseline = report.baseline { line(baseline, "images of the validation split") }
    GlowCLI.print(
      "against \(counted(report.images, "image")) of the \(report.split) split of \(report.data), by their \(report.space.rawValue), "
        + counted(neighborCount, "neighbor"))
  }
}

extension PointSpace: ExpressibleByArgument {}

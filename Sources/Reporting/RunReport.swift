import FlowModels
import Foundation
import Imaging
import Plotting
import Runs
import Training

/// The report on one training run: what was trained, how it went, how likely it finds test images, what it draws, and
/// how exactly it inverts.
public struct RunReport {
  public struct Picture {
    public var name: String
    public var image: PixelImage
    public var caption: String

    public init(_ name: String, _ image: PixelImage, caption: String) {
      self.name = name
      self.image = image
      self.caption = caption
    }
  }

  public var name: String
  /// Names and values, for a table.
  public var settings: [(String, String)]
  public var metrics: [Metrics]
  public var evaluation: Evaluation
  /// Bits per dimension of a histogram per pixel of the training images.
  public var baseline: Double
  /// On test images.
  public var invertibility: InvertibilityReport
  public var samples: [Picture]
  public var reconstructions: [Picture]
  public var interpolations: [Picture]

  public init(
    name: String, settings: [(String, String)], metrics: [Metrics], evaluation: Evaluation, baseline: Double,
    invertibility: InvertibilityReport, samples: [Picture], reconstructions: [Picture], interpolations: [Picture]
  ) {
    self.name = name
    self.settings = settings
    self.metrics = metrics
    self.evaluation = evaluation
    self.baseline = baseline
    self.invertibility = invertibility
    self.samples = samples
    self.reconstructions = reconstructions
    self.interpolations = interpolations
  }

  /// - Throws: `ImagingError` if a picture cannot be encoded.
  public func document() throws -> Document {
    Document(
      "The run \(name)",
      [.table(["setting", "value"], settings.map { [$0, $1] })] + likelihood + training
        + (try section("Samples", "Drawn from the averaged weights.", samples))
        + (try section("Reconstructions", "Test images above what comes back from their latents.", reconstructions))
        + (try section("Between test images", "What lies between the latents of two.", interpolations)) + inversion)
  }

  private var likelihood: [Document.Block] {
    let images = "\(evaluation.images) images of the \(evaluation.split) split"
    let rows = [
      [
        "this model",
        String(format: "%.4f", evaluation.bitsPerDimension)
          + (evaluation.standardError.map { String(format: " ± %.4f", $0) } ?? ""),
      ],
      ["a histogram per pixel of the training images", String(format: "%.4f", baseline)],
    ]
    let accuracy = evaluation.accuracy.map { String(format: " %.2f%% of them are labeled right.", 100 * $0) } ?? ""
    return [
      .heading(2, "Likelihood"),
      .paragraph(
        "On \(images), in \(evaluation.bits) bits; lower is better, "
          + (evaluation.standardError == nil
            ? "and one image tells no standard error." : "and the range is the standard error.")
          + accuracy),
      .table(["", "bits/dim"], rows),
    ]
  }

  private var training: [Document.Block] {
    let likelihood = [
      curve("training batches") { $0.trainBitsPerDimension },
      curve("validation, averaged weights", dashed: true) { $0.validationBitsPerDimension },
    ]
    return [
      .heading(2, "Training"),
      chart(
        "bits-per-dimension", "Bits per dimension", "bits/dim", likelihood, "Bits per dimension against images seen."),
      chart(
        "gradient-norm", "Gradient norm before clipping", "norm", scale: .logarithmic,
        [curve("norm") { $0.gradientNorm }],
        "The norm of the gradient at each line of the metrics."),
      chart(
        "learning-rate", "Learning rate", "rate", [curve("rate") { $0.learningRate }], "The learning rate."),
      chart(
        "speed", "Images a second", "images/s", [curve("rate") { $0.imagesPerSecond }],
        "Training images a second, evaluations left out."),
    ]
  }

  private var inversion: [Document.Block] {
    var facts = [
      String(
        format:
          "The largest difference between test images and what comes back is %.1e; a step of 8-bit images is %.1e.",
        invertibility.roundTripError, 1.0 / 256)
    ]
    if let worst = invertibility.worstCondition {
      facts.append(
        String(format: "The worst condition number of a 1x1 convolution is %.2f, that of %@.", worst.value, worst.layer)
      )
    }
    if let smallest = invertibility.scaleRanges.values.map({ $0[0] }).min(),
      let largest = invertibility.scaleRanges.values.map({ $0[1] }).max()
    {
      facts.append(String(format: "Coupling scales lie between %.4f and %.4f.", smallest, largest))
    }
    return [
      .heading(2, "Invertibility"), .paragraph(facts.joined(separator: " ")),
      chart(
        "round-trip", "Largest round-trip error", "error", scale: .logarithmic,
        [curve("error") { $0.roundTripError }], "On validation images, in units of their range."),
      chart(
        "condition", "Worst condition number", "condition number", scale: .logarithmic,
        [curve("condition") { $0.worstConditionNumber }], "Of all 1x1 convolutions."),
    ]
  }

  private func section(_ title: String, _ text: String, _ pictures: [Picture]) throws -> [Document.Block] {
    guard !pictures.isEmpty else { return [] }
    return [.heading(2, title), .paragraph(text)]
      + (try pictures.map { .figure(.init($0.name, .png(try $0.image.encodePNG()), caption: $0.caption)) })
  }

  private func curve(_ name: String, dashed: Bool = false, _ value: (Metrics) -> Double?) -> Chart.Curve {
    Chart.Curve(
      name, metrics.compactMap { line in value(line).map { .init(Double(line.images), $0) } }, dashed: dashed)
  }

  private func chart(
    _ name: String, _ title: String, _ label: String, scale: Chart.Scale = .linear, _ curves: [Chart.Curve],
    _ caption: String
  ) -> Document.Block {
    let chart = Chart(title, x: .init("images seen"), y: .init(label, scale), curves)
    return .figure(.init(name, .svg(chart.svg()), caption: caption))
  }
}

import ModelImages
import ArgumentParser
import Files
import FlowModels
import Foundation
import Runs
import Torch

struct ReconstructCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconstruct", abstract: "Send images to their latents and back, and measure what comes back.",
    discussion: """
      Reports the largest difference in float and how many pixels changed, the condition number of the 1x1 \
      convolutions and the range of the coupling scales. --out draws each image above its reconstruction.

      Examples:
        glow reconstruct --model fashion-mnist
        glow reconstruct --model faces me.png --out both.png
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputs: ImageInputs
  @Option(help: "The most images of --data, spread evenly over the split; by default 64.") var limit: Int?
  @Option(
    name: .shortAndLong, help: "A picture, .png or .jpg, with the images and their reconstructions; without it, none.",
    completion: .file()) var out: String?
  @OptionGroup var grid: GridOptions
  @Flag(help: "Print one JSON object with every layer.") var json = false
  @OptionGroup var overwriting: ForceOption

  struct Report: Encodable {
    var checkpoint: String?
    var images: Int
    /// Of all images, one a channel of each pixel.
    var values: Int
    var changedValues: Int
    var roundTripError: Double
    var layers: [String: LayerMetrics.Layer]
  }

  func validate() throws {
    try inputs.requireMeaning(ofLimit: limit)
    try requirePicture(out, from: inputs.files, force: overwriting.force)
  }

  func run() throws {
    let (place, model) = try modelOptions.load()
    let images = try inputs.read(for: model, from: place, count: limit ?? 64)
    let latents = try model.encode(images.x, labels: images.labels)
    let restored = try model.quantization.quantize(model.decode(latents, labels: images.labels))
    let expected = try model.quantization.quantize(images.x)
    let same = try restored.equals(expected).converted(to: .float64).sum().item()
    let invertibility = try model.invertibility(on: images.x, labels: images.labels)
    let report = Report(
      checkpoint: place.checkpoint, images: images.count, values: restored.elementCount,
      changedValues: restored.elementCount - Int(same), roundTripError: invertibility.roundTripError,
      layers: LayerMetrics.layers(of: invertibility))
    if let out {
      let originals = try model.pictures(of: images.x)
      let copies = try model.pictures(of: model.images(of: restored))
      try grid.write(interleaved(originals, copies), to: URL(filePath: out))
    }
    if json { return printJSON(try prettyJSON(report)) }
    print(report, invertibility)
  }

  /// A row of originals, then the row of their copies, and so on.
  private func interleaved<T>(_ originals: [T], _ copies: [T]) -> [T] {
    stride(from: 0, to: originals.count, by: grid.columns).flatMap { start in
      let row = start..<min(originals.count, start + grid.columns)
      return Array(originals[row]) + Array(copies[row])
    }
  }

  private func print(_ report: Report, _ invertibility: InvertibilityReport) {
    GlowCLI.print(
      "\(counted(report.images, "image")): \(report.changedValues) of \(report.values) pixel values changed")
    GlowCLI.print(
      String(
        format: "round-trip error %.2e (one 8-bit level is %.2e)", invertibility.roundTripError, 1.0 / 256))
    if let worst = invertibility.worstCondition {
      let sorted = invertibility.conditionNumbers.values.sorted()
      GlowCLI.print(
        String(
          format: "condition numbers of %d 1x1 convolutions: median %.2f, worst %.2f (%@)", sorted.count,
          sorted[sorted.count / 2], worst.value, worst.layer))
    }
    let scales = invertibility.scaleRanges
    if let smallest = scales.values.map({ $0[0] }).min(), let largest = scales.values.map({ $0[1] }).max() {
      GlowCLI.print(String(format: "coupling scales from %.4f to %.4f", smallest, largest))
    }
  }
}

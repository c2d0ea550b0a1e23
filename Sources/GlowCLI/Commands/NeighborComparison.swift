import ModelImages
import Analysis
import Datasets
import Files
import FlowModels
import Foundation
import Imaging
import Torch

/// Samples beside the images of a data set that are nearest to them.
struct NeighborComparison {
  private let samples: [PixelImage]
  private let dataset: any ImageDataset
  private let nearest: NearestImages
  /// How far real images of another split are from their nearest, if there is one.
  private let heldOut: (split: DatasetSplit, nearest: NearestImages)?

  init(of samples: [PixelImage], with named: NamedSplit, count: Int, model: any FlowModel, place: ModelPlace) throws {
    let split = named.split ?? .train
    self.samples = samples
    let data = try ModelData(named.data, for: model.configuration, at: place)
    let dataset = try data.open(split)
    self.dataset = dataset
    let other: DatasetSplit = split == .test ? .validation : .test
    var real: [PixelImage] = []
    do {
      let held = try data.open(other)
      let some = held.evenly(samples.count)
      real = try (0..<some.count).map(some.image)
    } catch let error as DatasetError { warn("no \(other.rawValue) images to compare with: \(error)") }
    let bits = model.configuration.bits
    let bar = ProgressBar()
    defer { bar.clear() }
    func search(_ images: [PixelImage], _ count: Int) throws -> NearestImages {
      let pixels = try model.quantization.quantize(model.images(of: model.pixels(images.flatMap(\.pixels))))
      return try NearestImages(to: pixels, in: dataset, count: count, bits: bits) {
        bar.update($0, of: dataset.count, "images compared")
      }
    }
    nearest = try search(samples, count)
    heldOut = real.isEmpty ? nil : (other, try search(real, 1))
  }

  /// A row a sample: its distance to the nearest image, the sample, its neighbors.
  func picture(enlarge: Int) throws -> PixelImage {
    let rows = try zip(samples, nearest.neighbors).map { sample, neighbors in
      try [sample] + neighbors.map { try dataset.image(at: $0.index) }
    }
    return PixelImage.labeledGrid(
      Array(rows.joined()), columns: rows[0].count,
      rowLabels: nearest.neighbors.map { String(format: "%.1f", $0[0].distance) },
      columnLabels: ["sample"] + (1..<rows[0].count).map { "near \($0)" }, scale: enlarge)
  }

  var summary: String {
    func quartiles(_ nearest: NearestImages) -> String {
      let sorted = nearest.neighbors.map { $0[0].distance }.sorted()
      let smallest = sorted[0]
      return String(format: "median %.2f, smallest %.2f", sorted[sorted.count / 2], smallest)
    }
    var text =
      "root mean square difference to the nearest of \(counted(dataset.count, "\(dataset.split.rawValue) image")) of "
      + "\(dataset.name), 0 to 255: of samples \(quartiles(nearest))"
    if let heldOut {
      text +=
        "; of \(counted(heldOut.nearest.neighbors.count, "\(heldOut.split.rawValue) image")) \(quartiles(heldOut.nearest))"
    }
    return text
  }
}

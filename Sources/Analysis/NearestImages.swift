import Datasets
import Files
import FlowModels
import Torch

/// The images of a data set nearest to given ones, by the Euclidean distance of their pixels: a look at whether a model
/// gives back images that it was trained on. A copy moved by a pixel is far away by this measure.
///
/// ```swift
/// let train = try DatasetSource(parsing: "fashion-mnist").openTraining(seed: 0).train
/// let samples = try glow.quantization.quantize(glow.sample(count: 2, labels: Tensor([7, 7]), seed: 1))
/// let nearest = try NearestImages(to: samples, in: train, count: 3)
/// print(nearest.neighbors[0][0].index, nearest.neighbors[0][0].distance)
/// ```
public struct NearestImages: Sendable {
  /// One image of the data set, and how far away it is.
  public struct Neighbor: Sendable, Hashable {
    /// In the data set.
    public var index: Int
    /// The root of the mean squared difference of pixels, 0 to 255.
    public var distance: Double
  }

  /// For each image asked about, its neighbors, the nearest first; of equal ones the first.
  public let neighbors: [[Neighbor]]

  /// Reads the data set once, batch after batch.
  /// - Parameters:
  ///   - images: uint8 `[count, height, width, channel]`.
  ///   - dataset: of the same shape of images.
  ///   - count: of neighbors, at most as many as there are images.
  ///   - bits: per channel; the data set's pixels are cut to as many.
  ///   - progress: called after each batch with how many images of the data set are done.
  /// - Throws: ``AnalysisError`` for images of another shape or too few; what reading an image throws.
  public init(
    to images: Tensor, in dataset: any ImageDataset, count: Int, bits: Int = 8, batchSize: Int = 500,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    let shape = ImageShape(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
    guard dataset.shape == shape else {
      throw AnalysisError.dataset(name: dataset.name, problem: "its images are \(dataset.shape), expected \(shape)")
    }
    guard (1...max(1, dataset.count)).contains(count), dataset.count > 0 else {
      throw AnalysisError.dataset(
        name: dataset.name,
        problem:
          "its \(dataset.split.rawValue) split has \(counted(dataset.count, "image")), too few for \(counted(count, "neighbor"))"
      )
    }
    let queries = images.shape[0]
    let distances = try SquaredDistances(to: images.converted(to: .float64, on: .cpu).reshaped([queries, -1]))
    var nearest = [NearestList](repeating: NearestList(capacity: count), count: queries)
    var done = 0
    let step = UInt8(1 << (8 - bits))
    try EvaluationBatches(dataset: dataset, batchSize: batchSize, seed: 0, noise: false).forEach { batch in
      let pixels = step == 1 ? batch.pixels : batch.pixels.map { $0 / step * step }
      let rows = try distances.distances(to: Tensor(pixels, shape: [batch.count, shape.elementCount]))
      for query in 0..<queries {
        for (i, index) in batch.indices.enumerated() {
          nearest[query].insert(index, at: rows[query * batch.count + i])
        }
      }
      done += batch.count
      try progress(done)
    }
    neighbors = nearest.map { list in
      list.entries.map { entry in
        Neighbor(index: entry.index, distance: (entry.distance / Double(shape.elementCount)).squareRoot())
      }
    }
  }
}

/// The entries of the smallest distances so far, in order.
struct NearestList {
  let capacity: Int
  private(set) var entries: [(index: Int, distance: Double)] = []

  init(capacity: Int) { self.capacity = capacity }

  mutating func insert(_ index: Int, at distance: Double) {
    if entries.count == capacity {
      guard distance < entries[capacity - 1].distance else { return }
      entries.removeLast()
    }
    var place = entries.count
    while place > 0, entries[place - 1].distance > distance { place -= 1 }
    entries.insert((index, distance), at: place)
  }
}

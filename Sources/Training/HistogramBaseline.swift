import Datasets
import Foundation

/// The honest baseline that any generative model must beat: every pixel position by itself, its values counted over the
/// training images.
public struct HistogramBaseline: Sendable {
  /// -log2 p(value) per position, `[position * 256 + value]`.
  private let cost: [Double]
  private let dimensions: Int

  /// - Parameter smoothing: added to every count, so that a value that was never seen is not impossible.
  public init(fittedTo dataset: any ImageDataset, smoothing: Double = 1) throws {
    let dimensions = dataset.shape.elementCount
    var counts = [Double](repeating: smoothing, count: dimensions * 256)
    try Self.forEachImage(of: dataset) { pixels in
      for (position, value) in pixels.enumerated() { counts[position * 256 + Int(value)] += 1 }
    }
    let total = Double(dataset.count) + 256 * smoothing
    cost = counts.map { -log2($0 / total) }
    self.dimensions = dimensions
  }

  /// The mean bits per dimension over a split of 8-bit images.
  public func bitsPerDimension(on dataset: any ImageDataset) throws -> Double {
    var sum = 0.0
    try Self.forEachImage(of: dataset) { pixels in
      for (position, value) in pixels.enumerated() { sum += cost[position * 256 + Int(value)] }
    }
    return sum / Double(dataset.count * dimensions)
  }

  private static func forEachImage(
    of dataset: any ImageDataset, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Void
  ) throws {
    let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: dataset.shape.elementCount)
    defer { pixels.deallocate() }
    for index in 0..<dataset.count {
      try dataset.copyPixels(at: index, to: pixels)
      body(pixels)
    }
  }
}

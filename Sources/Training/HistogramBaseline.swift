import Datasets
import Foundation

/// The honest baseline that any generative model must beat: every pixel position by itself, its values counted over the
/// training images.
///
/// ```swift
/// let source = try DatasetSource(parsing: "fashion-mnist")
/// let baseline = try HistogramBaseline(fittedTo: source.openTraining(seed: 0).train)
/// print(try baseline.bitsPerDimension(on: source.open(split: .test, seed: 0)))  // 4.5878
/// ```
public struct HistogramBaseline: Sendable {
  /// -log2 p(value) per position, `[position * 2^bits + value]`.
  private let cost: [Double]
  private let dimensions: Int
  private let bits: Int

  /// - Parameters:
  ///   - bits: per channel, 1 to 8: pixels lose their lower bits first, as in a model of so many.
  ///   - smoothing: added to every count, so that a value that was never seen is not impossible.
  public init(fittedTo dataset: any ImageDataset, bits: Int = 8, smoothing: Double = 1) throws {
    precondition((1...8).contains(bits), "pixels have 1 to 8 bits, not \(bits)")
    let dimensions = dataset.shape.elementCount
    var counts = [Double](repeating: smoothing, count: dimensions << bits)
    try Self.forEachImage(of: dataset) { pixels in
      for (position, value) in pixels.enumerated() { counts[position << bits + Int(value) >> (8 - bits)] += 1 }
    }
    let total = Double(dataset.count) + Double(1 << bits) * smoothing
    cost = counts.map { -log2($0 / total) }
    self.dimensions = dimensions
    self.bits = bits
  }

  /// The mean bits per dimension over a split of images of the same shape.
  public func bitsPerDimension(on dataset: any ImageDataset) throws -> Double {
    var sum = 0.0
    try Self.forEachImage(of: dataset) { pixels in
      for (position, value) in pixels.enumerated() { sum += cost[position << bits + Int(value) >> (8 - bits)] }
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

/// Some images of a data set, ready to become tensors.
public struct Batch: Sendable, Equatable {
  /// The images, `[count, height, width, channels]`, row-major.
  public var pixels: [UInt8]
  /// Dequantization noise in [0, 1), one value for each of `pixels`; empty when none was asked for.
  public var noise: [Float]
  /// The label of each image; empty when the images have no labels.
  public var labels: [Int32]
  /// Where each image stands in its data set.
  public var indices: [Int]
  /// The shape of one image.
  public var shape: ImageShape

  public init(pixels: [UInt8], noise: [Float], labels: [Int32], indices: [Int], shape: ImageShape) {
    precondition(
      pixels.count == indices.count * shape.elementCount,
      "\(indices.count) images of \(shape) need \(indices.count * shape.elementCount) values, got \(pixels.count)")
    precondition(
      noise.isEmpty || noise.count == pixels.count, "noise has \(noise.count) values, expected \(pixels.count)")
    precondition(
      labels.isEmpty || labels.count == indices.count, "\(labels.count) labels, expected \(indices.count)")
    self.pixels = pixels
    self.noise = noise
    self.labels = labels
    self.indices = indices
    self.shape = shape
  }

  /// The number of images.
  public var count: Int { indices.count }
}

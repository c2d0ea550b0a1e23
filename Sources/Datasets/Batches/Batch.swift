/// Some images of a data set, ready to become tensors.
public struct Batch: Sendable, Equatable {
  /// The images, `[count, height, width, channels]`, row-major.
  public var pixels: [UInt8]
  /// Dequantization noise in [0, 1), one value for each of `pixels`; empty when none was asked for.
  public var noise: [Float]
  /// The label of each image; empty when the images have no labels.
  public var labels: [Int32]
  /// What is said of each image's attributes, `[count, attributes]`, row-major, those that were asked for: 1 for one that it
  /// has, -1 for one that it has not, 0 where it is not known or not told; empty when none was asked for.
  public var attributes: [Float]
  /// Where each image stands in its data set.
  public var indices: [Int]
  /// The shape of one image.
  public var shape: ImageShape

  /// The numbers must be as many as `shape` and `indices` say; `noise`, `labels` and `attributes` may be empty.
  public init(
    pixels: [UInt8], noise: [Float], labels: [Int32], attributes: [Float] = [], indices: [Int], shape: ImageShape
  ) {
    precondition(
      pixels.count == indices.count * shape.elementCount,
      "\(indices.count) images of \(shape) need \(indices.count * shape.elementCount) values, got \(pixels.count)")
    precondition(
      noise.isEmpty || noise.count == pixels.count, "noise has \(noise.count) values, expected \(pixels.count)")
    precondition(
      labels.isEmpty || labels.count == indices.count, "\(labels.count) labels, expected \(indices.count)")
    self.pixels = pixels
    self.noise = noise
    precondition(
      attributes.isEmpty || attributes.count % max(1, indices.count) == 0,
      "\(attributes.count) attributes, expected as many of each of \(indices.count) images")
    self.labels = labels
    self.attributes = attributes
    self.indices = indices
    self.shape = shape
  }

  /// The number of images.
  public var count: Int { indices.count }
}

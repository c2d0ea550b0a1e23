import Imaging

/// One split of a data set: a fixed number of images of one shape, read by index from any thread.
public protocol ImageDataset: Sendable {
  /// For people and logs, for example `cifar10`.
  var name: String { get }
  var split: DatasetSplit { get }
  var shape: ImageShape { get }
  /// The number of images.
  var count: Int { get }
  /// One name a label; empty when the images have no labels.
  var classNames: [String] { get }

  /// - Returns: an index into `classNames`; nil when the images have no labels.
  func label(at index: Int) -> Int?

  /// Writes image `index`, `[height, width, channels]` row-major, into the `shape.elementCount` bytes of `buffer`.
  ///
  /// - Throws: an error naming the file, when the image is read from a file only now and that fails.
  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws
}

extension ImageDataset {
  /// Image `index` as a picture.
  ///
  /// - Throws: what `copyPixels(at:to:)` throws.
  public func image(at index: Int) throws -> PixelImage {
    let pixels = try [UInt8](unsafeUninitializedCapacity: shape.elementCount) { buffer, initialized in
      try copyPixels(at: index, to: UnsafeMutableBufferPointer(rebasing: buffer[..<shape.elementCount]))
      initialized = shape.elementCount
    }
    return PixelImage(width: shape.width, height: shape.height, channels: shape.channels, pixels: pixels)
  }
}

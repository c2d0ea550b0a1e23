import Imaging

/// One split of a data set: a fixed number of images of one shape, read by index from any thread.
///
/// Images from elsewhere need no more than this:
///
/// ```swift
/// struct Ramps: ImageDataset {
///   var name: String { "ramps" }
///   var split: DatasetSplit { .train }
///   var shape: ImageShape { ImageShape(height: 8, width: 8, channels: 1) }
///   var count: Int { 256 }
///   var classNames: [String] { [] }
///   func label(at index: Int) -> Int? { nil }
///   func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) {
///     for place in 0..<64 { buffer[place] = UInt8(truncatingIfNeeded: index + place) }
///   }
/// }
/// let (train, validation) = try Ramps().cuttingValidation(of: 16, seed: 0)
/// print(train.count, validation.count)  // 240 16
/// ```
public protocol ImageDataset: Sendable {
  /// A name for people and logs, for example `cifar10`.
  var name: String { get }
  /// Which use the images are for.
  var split: DatasetSplit { get }
  /// Rows, columns and channels of every image.
  var shape: ImageShape { get }
  /// The number of images.
  var count: Int { get }
  /// One name a label; empty when the images have no labels.
  var classNames: [String] { get }

  /// The label of image `index`.
  /// - Returns: an index into `classNames`; nil when the images have no labels.
  func label(at index: Int) -> Int?

  /// One name a binary attribute, such as `Smiling`; empty when the images have none.
  var attributeNames: [String] { get }

  /// An attribute of image `index`.
  /// - Parameter attribute: an index into `attributeNames`.
  /// - Returns: whether image `index` has the attribute; nil where that is not known.
  func attribute(_ attribute: Int, at index: Int) -> Bool?

  /// What a person should know of the set: what of its files is not used, and what is converted. A sentence each; none
  /// unless given.
  var notes: [String] { get }

  /// How many pixels the pictures have, on the mean, from which the images are scaled down each time they are read; nil,
  /// as it is unless given, where that is not so or not known.
  var sourcePixels: Int? { get }

  /// How many images that follow each other are best read together, because they lie so on the disk. Training shuffles
  /// such blocks and then the images of a window of blocks, with no table of all images; nil shuffles all images
  /// freely. See `BlockOrder`.
  var shuffleBlock: Int? { get }

  /// Whether an image is cut at a random place from a larger picture each time that training takes it.
  var cropsAtRandom: Bool { get }

  /// Writes image `index`, `[height, width, channels]` row-major, into the `shape.elementCount` bytes of `buffer`.
  ///
  /// - Throws: an error naming the file, when the image is read from a file only now and that fails.
  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws

  /// The same for training, where a data set may take its images from larger pictures: the place is drawn from
  /// `random`. Without such a data set's own method it is `copyPixels(at:to:)`.
  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom) throws
}

extension ImageDataset {
  public var attributeNames: [String] { [] }
  public func attribute(_ attribute: Int, at index: Int) -> Bool? { nil }
  public var notes: [String] { [] }
  public var sourcePixels: Int? { nil }
  public var shuffleBlock: Int? { nil }
  public var cropsAtRandom: Bool { false }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    try copyPixels(at: index, to: buffer)
  }

  /// Image `index` as a picture.
  ///
  /// - Throws: what `copyPixels(at:to:)` throws.
  public func image(at index: Int) throws -> PixelImage {
    try image { try copyPixels(at: index, to: $0) }
  }

  /// The same as training takes it, from the place that is drawn from `random`.
  public func image(at index: Int, random: inout KeyedRandom) throws -> PixelImage {
    try image { try copyPixels(at: index, to: $0, random: &random) }
  }

  private func image(_ copy: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) rethrows -> PixelImage {
    let pixels = try [UInt8](unsafeUninitializedCapacity: shape.elementCount) { buffer, initialized in
      try copy(UnsafeMutableBufferPointer(rebasing: buffer[..<shape.elementCount]))
      initialized = shape.elementCount
    }
    return PixelImage(width: shape.width, height: shape.height, channels: shape.channels, pixels: pixels)
  }
}

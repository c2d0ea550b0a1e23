import Imaging

/// A data set at another size or number of channels: images are converted, cropped in the middle to the new aspect,
/// then resized, each time they are read.
public struct FittedDataset: DerivedDataset {
  /// The data set as it is.
  public let base: any ImageDataset
  public let shape: ImageShape

  /// - Parameter shape: of the new images; 1 or 3 channels.
  public init(_ base: any ImageDataset, shape: ImageShape) {
    precondition(shape.channels == 1 || shape.channels == 3, "channels must be 1 or 3, got \(shape.channels)")
    self.base = base
    self.shape = shape
  }

  public func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    write(try base.image(at: index), to: buffer)
  }

  public func copyPixels(
    at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, random: inout KeyedRandom
  ) throws {
    write(try base.image(at: index, random: &random), to: buffer)
  }

  private func write(_ image: PixelImage, to buffer: UnsafeMutableBufferPointer<UInt8>) {
    let image = image.converted(toChannels: shape.channels)
    _ = buffer.update(fromContentsOf: image.fitted(width: shape.width, height: shape.height).pixels)
  }
}

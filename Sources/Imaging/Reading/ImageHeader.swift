import Foundation

/// Size and kind of a picture, read without decoding its pixels.
///
/// ```swift
/// let header = try ImageHeader(contentsOf: URL(filePath: "photo.jpg"))
/// print(header.width, header.height, header.channels)
/// ```
public struct ImageHeader: Sendable, Hashable {
  /// Of the upright picture, in pixels.
  public let width: Int
  /// Of the upright picture, in pixels.
  public let height: Int
  /// The channels of the decoded picture: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
  public let channels: Int

  /// A header of numbers that are known, of no file.
  public init(width: Int, height: Int, channels: Int) {
    self.width = width
    self.height = height
    self.channels = channels
  }

  /// Reads the head of a PNG, JPEG or WebP file and its Exif orientation; the rest of the file may be damaged without
  /// notice.
  ///
  /// - Throws: `ImagingError`, naming the file.
  public init(contentsOf url: URL, pixelLimit: Int = PixelImage.defaultPixelLimit) throws {
    try self.init(of: PictureFile(url.path), name: url.path, pixelLimit: pixelLimit)
  }

  /// Reads the head of a picture wherever it is.
  ///
  /// - Parameter name: what errors call the picture.
  /// - Throws: `ImagingError`, and what the source throws.
  package init(
    of source: some ByteSource, name: String, pixelLimit: Int = PixelImage.defaultPixelLimit
  ) throws {
    let codec = Codec(file: name, pixelLimit: pixelLimit)
    // Mostly the first is enough; profiles, Exif data and the small pictures in it come before the size in a JPEG.
    var limit = 8 << 10
    while true {
      let head = try source.head(limit)
      do {
        self = try head.withUnsafeBufferPointer { try codec.header(of: $0, in: source) }
        return
      } catch ImagingError.truncated where head.count == limit {
        limit = limit < 128 << 10 ? 128 << 10 : .max
      }
    }
  }
}

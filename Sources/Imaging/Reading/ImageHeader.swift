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
    let codec = Codec(file: url.path, pixelLimit: pixelLimit)
    let file = try PictureFile(url)
    // Mostly the first is enough; profiles, Exif data and the small pictures in it come before the size in a JPEG.
    for limit in [8 << 10, 128 << 10] where limit < file.byteCount {
      do {
        self = try file.head(limit).withUnsafeBufferPointer { try codec.header(of: $0, in: file) }
        return
      } catch ImagingError.truncated {}
    }
    self = try file.head().withUnsafeBufferPointer { try codec.header(of: $0, in: $0) }
  }
}

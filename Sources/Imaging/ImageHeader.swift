import Foundation

/// Size and kind of a picture, read without decoding its pixels.
///
/// ```swift
/// let header = try ImageHeader(contentsOf: URL(filePath: "photo.jpg"))
/// print(header.width, header.height, header.channels)
/// ```
public struct ImageHeader: Sendable, Hashable {
  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// The channels of the decoded picture: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
  public let channels: Int

  public init(width: Int, height: Int, channels: Int) {
    self.width = width
    self.height = height
    self.channels = channels
  }

  /// Reads the head of a PNG, JPEG or WebP file; the rest of the file may be damaged without notice.
  ///
  /// - Throws: `ImagingError`, naming the file.
  public init(contentsOf url: URL, pixelLimit: Int = PixelImage.defaultPixelLimit) throws {
    try self.init(name: url.path, pixelLimit: pixelLimit) { try readBytes(of: url, atMost: $0) }
  }

  /// Reads the head of a picture wherever it is.
  ///
  /// - Parameters:
  ///   - name: what errors call the picture.
  ///   - read: gives the first bytes, so many or all that there are.
  /// - Throws: `ImagingError`, and what `read` throws.
  package init(
    name: String, pixelLimit: Int = PixelImage.defaultPixelLimit, reading read: (_ limit: Int) throws -> [UInt8]
  ) throws {
    let codec = Codec(file: name, pixelLimit: pixelLimit)
    let usualHead = 8 << 10
    let head = try read(usualHead)
    do {
      self = try head.withUnsafeBufferPointer(codec.header)
    } catch ImagingError.truncated where head.count == usualHead {
      self = try read(.max).withUnsafeBufferPointer(codec.header)
    }
  }
}

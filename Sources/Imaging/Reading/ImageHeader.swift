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
    try self.init(of: PictureFile(url.path), pixelLimit)
  }

  /// - Parameter bytes: the path for the system, where a name in it is not UTF-8.
  /// - Throws: `ImagingError`, naming the file by `path`.
  package init(contentsOf path: String, bytes: [UInt8]?, pixelLimit: Int = PixelImage.defaultPixelLimit) throws {
    try self.init(of: PictureFile(path, bytes: bytes), pixelLimit)
  }

  private init(of file: PictureFile, _ pixelLimit: Int) throws {
    let codec = Codec(file: file.path, pixelLimit: pixelLimit)
    for limit in Self.usualHeads where limit < file.byteCount {
      do {
        self = try file.head(limit).withUnsafeBufferPointer { try codec.header(of: $0, in: file) }
        return
      } catch ImagingError.truncated {}
    }
    self = try file.head().withUnsafeBufferPointer { try codec.header(of: $0, in: $0) }
  }

  /// Mostly the first is enough; profiles, Exif data and the small pictures in it come before the size in a JPEG.
  private static let usualHeads = [8 << 10, 128 << 10]

  /// Reads the head of a picture that lies in no file of its own.
  ///
  /// - Parameters:
  ///   - name: what errors call the picture.
  ///   - read: gives the first bytes, so many or all that there are.
  /// - Throws: `ImagingError`, and what `read` throws.
  package init(
    name: String, pixelLimit: Int = PixelImage.defaultPixelLimit, reading read: (_ limit: Int) throws -> [UInt8]
  ) throws {
    let codec = Codec(file: name, pixelLimit: pixelLimit)
    for limit in Self.usualHeads {
      let head = try read(limit)
      // Other formats may have their Exif data behind the pixels.
      guard head.count == limit, ImageFormat(firstBytes: head) == .jpeg else { break }
      do {
        self = try head.withUnsafeBufferPointer { try codec.header(of: $0, in: $0) }
        return
      } catch ImagingError.truncated {}
    }
    self = try read(.max).withUnsafeBufferPointer { try codec.header(of: $0, in: $0) }
  }
}

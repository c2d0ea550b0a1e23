import Imaging

/// How many bytes a picture takes without loss in files of other formats.
///
/// ```swift
/// let sizes = try ClassicalSizes(of: picture)
/// print(sizes.png, sizes.webP, sizes.jpegXL)
/// ```
public struct ClassicalSizes: Sendable, Hashable {
  /// Bytes as a PNG file of this library.
  public var png: Int
  /// Bytes as a lossless WebP file, which is RGB for gray pictures, too.
  public var webP: Int
  /// Bytes as a lossless JPEG XL codestream.
  public var jpegXL: Int

  /// - Parameters:
  ///   - picture: gray or RGB.
  ///   - effort: of WebP and JPEG XL, 1 (fast) to 9 (small).
  /// - Throws: `ImagingError`; ``CodecError`` for a picture that a format does not take.
  public init(of picture: PixelImage, effort: Int = 7) throws {
    png = try picture.encodePNG().count
    let (width, height, channels) = (picture.width, picture.height, picture.channels)
    guard
      let webP = ClassicalCodec.webP(
        picture.converted(toChannels: 3).pixels, width: width, height: height, effort: effort),
      let jpegXL = ClassicalCodec.jpegXL(
        picture.pixels, width: width, height: height, channels: channels, effort: effort)
    else { throw CodecError("a picture of \(width)x\(height) pixels cannot be a WebP or a JPEG XL file") }
    (self.webP, self.jpegXL) = (webP.count + ClassicalCodec.containerBytes, jpegXL.count)
  }
}

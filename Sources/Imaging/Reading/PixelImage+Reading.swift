import Foundation

extension PixelImage {
  /// The most pixels (width times height) that are decoded unless a caller says otherwise.
  public static let defaultPixelLimit = 200_000_000

  /// Decodes a PNG, JPEG or WebP file. The format is told by the first bytes, not by the name.
  ///
  /// PNG: gray, RGB and palette, with or without transparency, 1 to 16 bits, interlaced or not; 16 bits are reduced
  /// to the high byte, transparency of any kind becomes an alpha channel, gamma and color profiles are left alone.
  /// An animated PNG gives its default image, which programs that know no animation show.
  /// JPEG: gray gives 1 channel; YCbCr, RGB, CMYK and YCCK give RGB. Inks count as stored inverted, as Adobe writes them.
  /// WebP: still pictures, lossy or lossless, give RGB, or RGBA where they have alpha.
  /// The Exif orientation is applied: the picture stands upright. Exif data that is broken, or another value than 1 to 8,
  /// leaves the picture as it is stored.
  ///
  /// - Throws: `ImagingError`, naming the file. A file that ends early is an error even where pixels could be had.
  public init(contentsOf url: URL, pixelLimit: Int = defaultPixelLimit) throws {
    try self.init(decoding: PictureFile(url.path).head(), name: url.path, pixelLimit: pixelLimit)
  }

  /// Decodes a PNG, JPEG or WebP file held in memory, as `init(contentsOf:pixelLimit:)` does.
  ///
  /// - Parameters:
  ///   - name: what errors call the picture.
  ///   - pixelLimit: the most pixels, width times height.
  ///   - isCancelled: asked between rows, passes and scans; where it says true, decoding ends.
  /// - Throws: `ImagingError`; `CancellationError` when `isCancelled` said true.
  public init(
    decoding bytes: [UInt8], name: String, pixelLimit: Int = defaultPixelLimit, isCancelled: () -> Bool = { false }
  ) throws {
    let codec = Codec(file: name, pixelLimit: pixelLimit)
    self = try bytes.withUnsafeBufferPointer { try codec.image(from: $0, isCancelled: isCancelled) }
  }

  /// Decodes a picture at another size: its middle is cropped to that aspect, then resized, without alpha.
  ///
  /// That is `init(decoding:name:pixelLimit:isCancelled:)`, `converted(toChannels:)` and `fitted(width:height:)` in one, and of
  /// PNG and WebP the same pixels. A JPEG that is much larger is decoded at 1/8, 1/4 or 1/2 of its size, the smallest that leaves
  /// four times the new size across and down, by an inverse DCT of fewer coefficients. That is several times faster. The values
  /// are always the same, but not quite those of a whole decoding (docs/data.md has by how much).
  ///
  /// - Parameters:
  ///   - size: in pixels.
  ///   - channels: 1 or 3.
  public init(
    decoding bytes: [UInt8], name: String, fittedTo size: (width: Int, height: Int), channels: Int,
    pixelLimit: Int = defaultPixelLimit, isCancelled: () -> Bool = { false }
  ) throws {
    let codec = Codec(file: name, pixelLimit: pixelLimit)
    self = try bytes.withUnsafeBufferPointer {
      try codec.image(from: $0, fittedTo: size, channels: channels, isCancelled: isCancelled)
    }
  }
}

/// A picture in memory: 8 bits a channel, rows from the top, channels last.
///
/// The value of channel `c` at column `x` of row `y` is `pixels[(y * width + x) * channels + c]`.
///
/// ```swift
/// let picture = try PixelImage(contentsOf: URL(filePath: "photo.jpg"))
/// let small = picture.fitted(width: 64, height: 64).converted(toChannels: 1)
/// print(small.width, small[x: 10, y: 20])
/// try PixelImage.strip([small, small.enlarged(by: 1)]).writePNG(to: URL(filePath: "pair.png"))
/// ```
public struct PixelImage: Sendable, Hashable {
  /// In pixels, at least 1.
  public let width: Int
  /// In pixels, at least 1.
  public let height: Int
  /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; alpha is not premultiplied.
  public let channels: Int
  /// `height * width * channels` values.
  public internal(set) var pixels: [UInt8]

  /// - Parameter pixels: `[height, width, channels]`, row-major.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture has at least one pixel, got \(width)x\(height)")
    precondition((1...4).contains(channels), "channels must be 1 to 4, got \(channels)")
    precondition(
      pixels.count == width * height * channels,
      "\(width)x\(height)x\(channels) needs \(width * height * channels) values, got \(pixels.count)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture of one value everywhere.
  public init(width: Int, height: Int, channels: Int, filledWith value: UInt8) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: Array(repeating: value, count: width * height * channels))
  }

  /// Pictures of one size that lie one after the other, `[count, height, width, channels]`.
  public static func images(width: Int, height: Int, channels: Int, pixels: [UInt8]) -> [PixelImage] {
    let size = width * height * channels
    return stride(from: 0, to: pixels.count, by: size).map { start in
      PixelImage(width: width, height: height, channels: channels, pixels: Array(pixels[start..<start + size]))
    }
  }

  /// The channels of the pixel at column `x` of row `y`.
  public subscript(x x: Int, y y: Int) -> ArraySlice<UInt8> {
    precondition((0..<width).contains(x) && (0..<height).contains(y), "(\(x), \(y)) is outside \(width)x\(height)")
    let start = (y * width + x) * channels
    return pixels[start..<start + channels]
  }
}

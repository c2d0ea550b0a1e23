/// A rectangle of a picture that is coded at once: as large as the model's images, or the part of one at a right or lower edge.
struct Tile: Hashable, Sendable {
  var width: Int
  var height: Int
  /// 8-bit values, `[height, width, channel]`.
  var pixels: [UInt8]
  /// Whether all channels are one, since the picture is gray and the model is of color.
  var isGray = false
  /// Nil for a whole picture.
  var place: TilePlace?

  /// The tile at a larger size, whose new pixels repeat the last column and the last row.
  func padded(width: Int, height: Int, channels: Int) -> [UInt8] {
    if width == self.width, height == self.height { return pixels }
    return [UInt8](unsafeUninitializedCapacity: width * height * channels) { buffer, filled in
      for y in 0..<height {
        for x in 0..<width {
          let source = (min(y, self.height - 1) * self.width + min(x, self.width - 1)) * channels
          for c in 0..<channels { buffer[(y * width + x) * channels + c] = pixels[source + c] }
        }
      }
      filled = width * height * channels
    }
  }

  /// The upper left part of a larger tile.
  init(_ size: TileSize, from padded: [UInt8], paddedWidth: Int, channels: Int) {
    (width, height, isGray, place) = (size.width, size.height, size.isGray, size.place)
    let (width, height) = (width, height)
    pixels =
      width == paddedWidth
      ? Array(padded.prefix(height * width * channels))
      : (0..<height).flatMap { y in padded[y * paddedWidth * channels..<(y * paddedWidth + width) * channels] }
  }

  init(width: Int, height: Int, pixels: [UInt8]) { (self.width, self.height, self.pixels) = (width, height, pixels) }

  var size: TileSize { TileSize(width: width, height: height, isGray: isGray, place: place) }

  /// What is stored of a tile as it is.
  func stored(channels: Int) -> [UInt8] {
    isGray ? stride(from: 0, to: pixels.count, by: channels).map { pixels[$0] } : pixels
  }

  init(_ size: TileSize, stored bytes: ArraySlice<UInt8>, channels: Int) {
    (width, height, isGray, place) = (size.width, size.height, size.isGray, size.place)
    pixels = size.isGray ? bytes.flatMap { [UInt8](repeating: $0, count: channels) } : Array(bytes)
  }
}

struct TileSize: Hashable, Sendable {
  var width: Int
  var height: Int
  var isGray = false
  var place: TilePlace?

  /// Of a tile as it is.
  func storedBytes(channels: Int) -> Int { width * height * (isGray ? 1 : channels) }
}

/// How a tile is coded.
enum TileMode: UInt8, Sendable, CaseIterable {
  /// By the model.
  case flow
  /// In the block's mosaic, by WebP or JPEG XL.
  case classical
  /// As it is.
  case raw

  var name: String {
    switch self {
    case .flow: "model"
    case .classical: "mosaic"
    case .raw: "raw"
    }
  }
}

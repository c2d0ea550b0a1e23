/// Tiles beside each other in one picture that is coded classically.
struct Mosaic {
  let tileWidth: Int
  let tileHeight: Int
  let channels: Int

  /// - Parameters:
  ///   - tiles: one or more, padded to the size of the mosaic's cells.
  ///   - places: of tiles of larger pictures.
  ///   - isGray: whether all channels of all tiles are one.
  /// - Returns: the smallest stream that a codec makes; nil where none can.
  func encode(_ tiles: [[UInt8]], places: [TilePlace?], isGray: Bool, _ effort: ClassicalEffort) -> [UInt8]? {
    let layout = MosaicLayout(places, tileWidth: tileWidth, tileHeight: tileHeight)
    let (width, height) = (layout.columns * tileWidth, layout.rows * tileHeight)
    func canvas(channels: Int) -> [UInt8] {
      var pixels = [UInt8](repeating: 0, count: width * height * channels)
      for (tile, cell) in zip(tiles, layout.cells) { copy(tile, to: cell, width, channels, &pixels) }
      return pixels
    }
    var streams: [[UInt8]] = []
    if let webP = effort.webP, max(width, height) <= ClassicalCodec.mostSide,
      let stream = ClassicalCodec.webP(canvas(channels: 3), width: width, height: height, effort: webP)
    {
      streams.append(stream)
    }
    if let jpegXL = effort.jpegXL {
      let channels = isGray ? 1 : channels
      if let stream = ClassicalCodec.jpegXL(
        canvas(channels: channels), width: width, height: height, channels: channels, effort: jpegXL)
      {
        streams.append(stream)
      }
    }
    return streams.min { $0.count < $1.count }
  }

  /// - Returns: a padded tile for each place.
  func decode(_ stream: [UInt8], places: [TilePlace?]) throws -> [[UInt8]] {
    let layout = MosaicLayout(places, tileWidth: tileWidth, tileHeight: tileHeight)
    let width = layout.columns * tileWidth
    let (pixels, stored) = try ClassicalCodec.decode(stream, width: width, height: layout.rows * tileHeight)
    return layout.cells.map { cell in
      [UInt8](unsafeUninitializedCapacity: tileWidth * tileHeight * channels) { buffer, filled in
        for y in 0..<tileHeight {
          for x in 0..<tileWidth {
            let source = place(x, y, cell, width, stored)
            for c in 0..<channels {
              buffer[(y * tileWidth + x) * channels + c] = pixels[source + (stored == 1 ? 0 : c)]
            }
          }
        }
        filled = tileWidth * tileHeight * channels
      }
    }
  }

  /// Of a tile's pixel in the mosaic's pixels.
  private func place(_ x: Int, _ y: Int, _ cell: (column: Int, row: Int), _ width: Int, _ channels: Int) -> Int {
    ((cell.row * tileHeight + y) * width + cell.column * tileWidth + x) * channels
  }

  private func copy(
    _ tile: [UInt8], to cell: (column: Int, row: Int), _ width: Int, _ stored: Int, _ pixels: inout [UInt8]
  ) {
    for y in 0..<tileHeight {
      for x in 0..<tileWidth {
        let (source, target) = ((y * tileWidth + x) * channels, place(x, y, cell, width, stored))
        for c in 0..<stored { pixels[target + c] = tile[source + (channels == 1 ? 0 : c)] }
      }
    }
  }
}

/// How hard the classical codecs try; nil for not at all.
struct ClassicalEffort: Sendable {
  /// Of libwebp, 0 to 9.
  var webP: Int?
  /// Of libjxl, 1 to 9.
  var jpegXL: Int?

  /// For a first estimate.
  static let quick = ClassicalEffort(webP: 2, jpegXL: nil)
  static let quickMosaic = ClassicalEffort(webP: 2, jpegXL: 3)
  static let best = ClassicalEffort(webP: 9, jpegXL: 9)
}

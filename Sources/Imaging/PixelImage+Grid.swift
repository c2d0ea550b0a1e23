extension PixelImage {
  /// Pictures of one size laid out in rows, with `padding` around and between them.
  ///
  /// If any picture has color, all become RGB; else all become gray; alpha is composited on white. A last row that is
  /// not full ends in background.
  ///
  /// - Parameters:
  ///   - images: at least one, all of the same width and height.
  ///   - columns: pictures a row.
  ///   - padding: in pixels of the result, not enlarged by `scale`.
  ///   - background: the gray of padding and empty cells.
  ///   - scale: every pixel becomes `scale` x `scale` pixels.
  public static func grid(
    _ images: [PixelImage], columns: Int, padding: Int = 2, background: UInt8 = 255, scale: Int = 1
  ) -> PixelImage {
    precondition(!images.isEmpty, "a grid needs at least one picture")
    precondition(columns > 0 && padding >= 0, "a grid needs columns > 0 and padding >= 0")
    precondition(
      images.allSatisfy { $0.width == images[0].width && $0.height == images[0].height },
      "a grid needs pictures of one size")
    let cells = harmonized(images).map { $0.enlarged(by: scale) }
    let columns = min(columns, cells.count)
    let rows = (cells.count + columns - 1) / columns
    let (stepX, stepY) = (cells[0].width + padding, cells[0].height + padding)
    var canvas = PixelImage(
      width: columns * stepX + padding, height: rows * stepY + padding, channels: cells[0].channels,
      filledWith: background)
    for (i, cell) in cells.enumerated() {
      canvas.paste(cell, left: padding + i % columns * stepX, top: padding + i / columns * stepY)
    }
    return canvas
  }

  /// Pictures of one size in a single row; otherwise as `grid(_:columns:padding:background:scale:)`.
  public static func strip(
    _ images: [PixelImage], padding: Int = 2, background: UInt8 = 255, scale: Int = 1
  ) -> PixelImage {
    grid(images, columns: images.count, padding: padding, background: background, scale: scale)
  }

  /// Pictures of any sizes one below the other, aligned left, `gap` rows of background between them.
  ///
  /// Channels are brought together as in `grid(_:columns:padding:background:scale:)`.
  public static func stack(_ images: [PixelImage], gap: Int = 8, background: UInt8 = 255) -> PixelImage {
    precondition(!images.isEmpty && gap >= 0, "a stack needs at least one picture and a gap >= 0")
    let parts = harmonized(images)
    var canvas = PixelImage(
      width: parts.map(\.width).max()!, height: parts.map(\.height).reduce(gap * (parts.count - 1), +),
      channels: parts[0].channels, filledWith: background)
    var top = 0
    for part in parts {
      canvas.paste(part, left: 0, top: top)
      top += part.height + gap
    }
    return canvas
  }

  /// Every pixel repeated `scale` times in both directions.
  public func enlarged(by scale: Int) -> PixelImage {
    precondition(scale >= 1, "scale must be at least 1, got \(scale)")
    if scale == 1 { return self }
    var enlarged: [UInt8] = []
    enlarged.reserveCapacity(pixels.count * scale * scale)
    for y in 0..<height {
      var row: [UInt8] = []
      for x in 0..<width {
        for _ in 0..<scale { row += self[x: x, y: y] }
      }
      for _ in 0..<scale { enlarged += row }
    }
    return PixelImage(width: width * scale, height: height * scale, channels: channels, pixels: enlarged)
  }

  private static func harmonized(_ images: [PixelImage]) -> [PixelImage] {
    let channels = images.contains { $0.channels >= 3 } ? 3 : 1
    return images.map { $0.converted(toChannels: channels) }
  }

  /// Copies `image`, of as many channels, to where its first pixel lies at (left, top).
  mutating func paste(_ image: PixelImage, left: Int, top: Int) {
    let count = image.width * channels
    for y in 0..<image.height {
      let start = ((top + y) * width + left) * channels
      pixels.replaceSubrange(start..<start + count, with: image.pixels[y * count..<(y + 1) * count])
    }
  }
}

extension PixelImage {
  /// As ``grid(_:columns:padding:background:scale:)``, with a text in black left of each row and above each column.
  ///
  /// The letters are as large as the cells allow, at most `scale` pixels a dot; a text that does not fit above its
  /// column at one pixel a dot is cut.
  /// - Parameters:
  ///   - rowLabels: one a row, from the top; fewer leave the rest without; none takes no space.
  ///   - columnLabels: one a column, likewise.
  public static func labeledGrid(
    _ images: [PixelImage], columns: Int, rowLabels: [String] = [], columnLabels: [String] = [], padding: Int = 2,
    scale: Int = 1
  ) -> PixelImage {
    let grid = grid(images, columns: columns, padding: padding, scale: scale)
    let (cellWidth, cellHeight) = (images[0].width * scale, images[0].height * scale)
    let widest = columnLabels.map(PixelFont.width).max() ?? 0
    let dots = max(
      1, min(scale, cellHeight / PixelFont.glyphHeight, widest == 0 ? scale : (cellWidth + padding) / (widest + 1)))
    let margin = 2 * dots
    let left = rowLabels.allSatisfy(\.isEmpty) ? 0 : rowLabels.map(PixelFont.width).max()! * dots + margin
    let top = columnLabels.allSatisfy(\.isEmpty) ? 0 : PixelFont.glyphHeight * dots + margin
    var canvas = PixelImage(
      width: grid.width + left, height: grid.height + top, channels: grid.channels, filledWith: 255)
    canvas.paste(grid, left: left, top: top)
    for (row, text) in rowLabels.enumerated() {
      let y = top + padding + row * (cellHeight + padding) + (cellHeight - PixelFont.glyphHeight * dots) / 2
      canvas.write(text, left: left - margin / 2 - PixelFont.width(of: text) * dots, top: y, dots: dots)
    }
    for (column, text) in columnLabels.enumerated() {
      let fitting = String(text.prefix(max(1, (cellWidth / dots + 1) / PixelFont.advance)))
      let x = left + padding + column * (cellWidth + padding)
      canvas.write(
        fitting, left: x + (cellWidth - PixelFont.width(of: fitting) * dots) / 2, top: margin / 2, dots: dots)
    }
    return canvas
  }

  /// Draws `text` in black, `dots` pixels a dot; what lies outside of the picture is left out.
  private mutating func write(_ text: String, left: Int, top: Int, dots: Int) {
    for (number, character) in text.enumerated() {
      for (index, isDrawn) in PixelFont.glyph(character).enumerated() where isDrawn {
        let x = left + (number * PixelFont.advance + index % PixelFont.glyphWidth) * dots
        let y = top + index / PixelFont.glyphWidth * dots
        for y in max(0, y)..<max(0, min(height, y + dots)) {
          for x in max(0, x)..<max(0, min(width, x + dots)) {
            for channel in 0..<channels { pixels[(y * width + x) * channels + channel] = 0 }
          }
        }
      }
    }
  }
}

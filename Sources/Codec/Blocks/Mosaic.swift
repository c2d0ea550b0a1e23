import CImageCodecs
import Foundation

/// Tiles beside each other in one lossless WebP, as its bare stream of bits.
struct Mosaic {
  let tileWidth: Int
  let tileHeight: Int
  let channels: Int

  /// The container before the stream: RIFF, its size, WEBP, VP8L and the stream's size.
  private static let containerBytes = 20

  /// The most tiles of one mosaic, by the 16,383 pixels a side that WebP has.
  var mostTiles: Int { (16383 / tileWidth) * (16383 / tileHeight) }

  /// - Parameters:
  ///   - tiles: one or more, padded to the size of the mosaic's cells.
  ///   - effort: 0 to 9.
  /// - Returns: nil where libwebp cannot.
  func encode(_ tiles: [[UInt8]], effort: Int) -> [UInt8]? {
    let (columns, rows) = layout(of: tiles.count)
    var pixels = [UInt8](repeating: 0, count: columns * tileWidth * rows * tileHeight * 3)
    for cell in 0..<columns * rows {
      // Empty cells repeat the last tile, which costs next to nothing.
      copy(tiles[min(cell, tiles.count - 1)], toCell: cell, columns, &pixels)
    }
    var output = cic_buffer()
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let status = cic_webp_encode(
      pixels, Int32(columns * tileWidth), Int32(rows * tileHeight), Int32(effort), &output, &message)
    defer { cic_buffer_free(&output) }
    guard status == CIC_OK, output.count > Self.containerBytes else { return nil }
    return Array(
      UnsafeBufferPointer(start: output.bytes! + Self.containerBytes, count: output.count - Self.containerBytes))
  }

  /// - Returns: `count` padded tiles.
  func decode(_ stream: [UInt8], count: Int) throws -> [[UInt8]] {
    let (columns, rows) = layout(of: count)
    let (width, height) = (columns * tileWidth, rows * tileHeight)
    let file = Self.container(streamBytes: stream.count) + stream + (stream.count % 2 == 1 ? [0] : [])
    var (info, output) = (cic_image_info(), cic_buffer())
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let limits = cic_limits(pixels: UInt64(width * height), is_cancelled: nil, context: nil)
    let status = cic_webp_decode(file, file.count, limits, &info, &output, &message)
    defer { cic_buffer_free(&output) }
    guard status == CIC_OK, info.width == width, info.height == height, info.channels == 3 else {
      throw Damage("holds a mosaic that is none")
    }
    let pixels = UnsafeBufferPointer(start: output.bytes!, count: output.count)
    return (0..<count).map { cell in tile(atCell: cell, columns, pixels) }
  }

  private func layout(of count: Int) -> (columns: Int, rows: Int) {
    // As square as the tiles' shape and WebP's limit allow.
    var columns = 1
    while columns * columns * tileWidth < count * tileHeight, (columns + 1) * tileWidth <= 16383 { columns += 1 }
    return (columns, (count + columns - 1) / columns)
  }

  private func copy(_ tile: [UInt8], toCell cell: Int, _ columns: Int, _ pixels: inout [UInt8]) {
    let (left, top) = (cell % columns * tileWidth, cell / columns * tileHeight)
    for y in 0..<tileHeight {
      var place = ((top + y) * columns * tileWidth + left) * 3
      for x in 0..<tileWidth {
        let source = (y * tileWidth + x) * channels
        for c in 0..<3 { pixels[place + c] = tile[source + (channels == 1 ? 0 : c)] }
        place += 3
      }
    }
  }

  private func tile(atCell cell: Int, _ columns: Int, _ pixels: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let (left, top) = (cell % columns * tileWidth, cell / columns * tileHeight)
    return [UInt8](unsafeUninitializedCapacity: tileWidth * tileHeight * channels) { buffer, filled in
      for y in 0..<tileHeight {
        for x in 0..<tileWidth {
          let source = ((top + y) * columns * tileWidth + left + x) * 3
          for c in 0..<channels { buffer[(y * tileWidth + x) * channels + c] = pixels[source + c] }
        }
      }
      filled = tileWidth * tileHeight * channels
    }
  }

  private static func container(streamBytes: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Array("RIFF".utf8))
    writer.append(UInt32(streamBytes + streamBytes % 2 + containerBytes - 8))
    writer.append(Array("WEBPVP8L".utf8))
    writer.append(UInt32(streamBytes))
    return writer.bytes
  }
}

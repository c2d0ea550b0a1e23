/// Exif data and pictures that carry it, put together byte by byte.
package enum ExifFixtures {
  /// A TIFF file whose first directory has three tags; the second is the orientation.
  ///
  /// - Parameters:
  ///   - type: 3 (a short) in sound files.
  ///   - count: 1 in sound files.
  package static func tiff(orientation: Int, isBigEndian: Bool, type: Int = 3, count: Int = 1) -> [UInt8] {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      let little = (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? little.reversed() : little
    }
    let width = number(0x0100, 2) + number(4, 2) + number(1, 4) + number(640, 4)
    let turn = number(0x0112, 2) + number(type, 2) + number(count, 4) + number(orientation, 2) + [0, 0]
    let unit = number(0x0128, 2) + number(3, 2) + number(1, 4) + number(2, 2) + [0, 0]
    return Array((isBigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4) + number(3, 2) + width + turn + unit
      + number(0, 4)
  }

  /// Behind the start of image, in a segment of its own.
  package static func jpeg(_ jpeg: [UInt8], exif tiff: [UInt8]) -> [UInt8] {
    jpeg[..<2] + segment(Array("Exif\0\0".utf8) + tiff) + jpeg[2...]
  }

  /// An APP1 segment.
  package static func segment(_ contents: [UInt8]) -> [UInt8] {
    let length = contents.count + 2
    return [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + contents
  }

  /// The extended form of a file that is one chunk.
  package static func webp(
    _ webp: [UInt8], width: Int, height: Int, hasAlpha: Bool = false, exif tiff: [UInt8]
  ) -> [UInt8] {
    func size(_ side: Int) -> [UInt8] { Array(littleEndian(side - 1).prefix(3)) }
    let extended = chunk("VP8X", [hasAlpha ? 0x18 : 0x08, 0, 0, 0] + size(width) + size(height))
    let body = Array("WEBP".utf8) + extended + webp[12...] + chunk("EXIF", tiff)
    return Array("RIFF".utf8) + littleEndian(body.count) + body
  }

  private static func chunk(_ name: String, _ contents: [UInt8]) -> [UInt8] {
    Array(name.utf8) + littleEndian(contents.count) + contents + (contents.count % 2 == 1 ? [0] : [])
  }

  private static func littleEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

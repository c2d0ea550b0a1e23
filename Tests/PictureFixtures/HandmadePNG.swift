/// A PNG file put together byte by byte, so that kinds which our encoder never writes can be read in tests.
package struct HandmadePNG {
  package enum ColorType: UInt8 {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6
  }

  package var width: Int
  package var height: Int
  package var bitDepth: Int
  package var colorType: ColorType
  /// Chunks between the header and the pixel data: their name and contents.
  package var extraChunks: [(name: String, contents: [UInt8])] = []
  /// The same behind the pixel data.
  package var trailingChunks: [(name: String, contents: [UInt8])] = []
  package var isInterlaced = false
  /// Packed rows without their filter bytes; with interlacing the rows of all passes, one after the other.
  package var rows: [[UInt8]]

  package init(
    width: Int, height: Int, bitDepth: Int, colorType: ColorType, extraChunks: [(name: String, contents: [UInt8])] = [],
    trailingChunks: [(name: String, contents: [UInt8])] = [], isInterlaced: Bool = false, rows: [[UInt8]]
  ) {
    self.width = width
    self.height = height
    self.bitDepth = bitDepth
    self.colorType = colorType
    self.extraChunks = extraChunks
    self.trailingChunks = trailingChunks
    self.isInterlaced = isInterlaced
    self.rows = rows
  }

  package var bytes: [UInt8] {
    let header =
      Self.bigEndian(width) + Self.bigEndian(height) + [
        UInt8(bitDepth), colorType.rawValue, 0, 0, isInterlaced ? 1 : 0,
      ]
    var file = Self.signature + Self.chunk("IHDR", header)
    for extra in extraChunks { file += Self.chunk(extra.name, extra.contents) }
    file += Self.chunk("IDAT", storedZlib(rows.flatMap { [0] + $0 }))
    for extra in trailingChunks { file += Self.chunk(extra.name, extra.contents) }
    return file + Self.chunk("IEND", [])
  }

  package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  package static func chunk(_ name: String, _ contents: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + contents
    return bigEndian(contents.count) + body + bigEndian(Int(crc32(body)))
  }

  private func storedZlib(_ contents: [UInt8]) -> [UInt8] {
    let count = UInt16(contents.count)
    let lengths = [count, ~count].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    var (a, b) = (1, 0)
    for byte in contents {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return [0x78, 0x01, 0x01] + lengths + contents + Self.bigEndian(b << 16 | a)
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  package static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

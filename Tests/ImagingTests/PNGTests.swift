import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct PNGTests {
  @Test(arguments: 1...4) func everyChannelCountSurvivesARoundTrip(channels: Int) throws {
    let image = PixelImage(
      width: 5, height: 3, channels: channels, pixels: (0..<15 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) })
    #expect(try PixelImage(decoding: image.encodePNG(), name: "memory") == image)
  }

  @Test(
    arguments: [
      (1, [[0b1010_0000]], [255, 0, 255]),
      (2, [[0b0001_1100]], [0, 85, 255]),
      (4, [[0x0F, 0x80]], [0, 255, 136]),
      (8, [[1, 2, 3]], [1, 2, 3]),
      (16, [[0x12, 0xFF, 0x80, 0x00, 0xFE, 0xFF]], [0x12, 0x80, 0xFE]),
    ] as [(Int, [[UInt8]], [UInt8])])
  func grayOfEveryDepth(bitDepth: Int, rows: [[UInt8]], expected: [UInt8]) throws {
    let png = HandmadePNG(width: 3, height: 1, bitDepth: bitDepth, colorType: .gray, rows: rows)
    #expect(try decode(png) == PixelImage(width: 3, height: 1, channels: 1, pixels: expected))
  }

  @Test func sixteenBitsKeepTheHighByte() throws {
    let grayAlpha = HandmadePNG(
      width: 1, height: 1, bitDepth: 16, colorType: .grayAlpha, rows: [[10, 250, 20, 250]])
    #expect(try decode(grayAlpha) == PixelImage(width: 1, height: 1, channels: 2, pixels: [10, 20]))
    let rgb = HandmadePNG(width: 1, height: 1, bitDepth: 16, colorType: .rgb, rows: [[1, 255, 2, 255, 3, 255]])
    #expect(try decode(rgb) == PixelImage(width: 1, height: 1, channels: 3, pixels: [1, 2, 3]))
    let rgba = HandmadePNG(width: 1, height: 1, bitDepth: 16, colorType: .rgba, rows: [[1, 0, 2, 0, 3, 0, 4, 255]])
    #expect(try decode(rgba) == PixelImage(width: 1, height: 1, channels: 4, pixels: [1, 2, 3, 4]))
  }

  @Test(arguments: [(1, [0b0100_0000]), (2, [0b0001_0000]), (4, [0x01, 0x00]), (8, [0, 1, 0])] as [(Int, [UInt8])])
  func paletteOfEveryDepth(bitDepth: Int, row: [UInt8]) throws {
    var png = HandmadePNG(
      width: 3, height: 1, bitDepth: bitDepth, colorType: .palette,
      extraChunks: [("PLTE", [10, 20, 30, 40, 50, 60])], rows: [row])
    let colors = PixelImage(width: 3, height: 1, channels: 3, pixels: [10, 20, 30, 40, 50, 60, 10, 20, 30])
    #expect(try decode(png) == colors)

    png.extraChunks.append(("tRNS", [7]))
    let withAlpha: [UInt8] = [10, 20, 30, 7, 40, 50, 60, 255, 10, 20, 30, 7]
    #expect(try decode(png) == PixelImage(width: 3, height: 1, channels: 4, pixels: withAlpha))
  }

  @Test func transparentColorBecomesAlpha() throws {
    let gray = HandmadePNG(
      width: 2, height: 1, bitDepth: 8, colorType: .gray, extraChunks: [("tRNS", [0, 9])], rows: [[9, 8]])
    #expect(try decode(gray) == PixelImage(width: 2, height: 1, channels: 2, pixels: [9, 0, 8, 255]))
  }

  @Test func interlacedRowsComeOutInOrder() throws {
    // Adam7 over a 3x3 picture whose pixel at (x, y) is 10 y + x: passes 1, 4, 5, 6 (two rows) and 7.
    let png = HandmadePNG(
      width: 3, height: 3, bitDepth: 8, colorType: .gray, isInterlaced: true,
      rows: [[0], [2], [20, 22], [1], [21], [10, 11, 12]])
    #expect(
      try decode(png) == PixelImage(width: 3, height: 3, channels: 1, pixels: [0, 1, 2, 10, 11, 12, 20, 21, 22]))
  }

  @Test func headersMatchDecodedPictures() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("picture")
      let png = HandmadePNG(
        width: 3, height: 1, bitDepth: 8, colorType: .palette, extraChunks: [("PLTE", [1, 2, 3]), ("tRNS", [0])],
        rows: [[0, 0, 0]])
      try Data(png.bytes).write(to: url)
      #expect(try ImageHeader(contentsOf: url) == ImageHeader(width: 3, height: 1, channels: 4))
    }
  }

  @Test func headersBehindLongChunksAreFound() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("long.png")
      let comment = [UInt8]("Comment\0".utf8) + [UInt8](repeating: 65, count: 20_000)
      let png = HandmadePNG(
        width: 1, height: 1, bitDepth: 8, colorType: .rgb, extraChunks: [("tEXt", comment)], rows: [[1, 2, 3]])
      try Data(png.bytes).write(to: url)
      #expect(try ImageHeader(contentsOf: url) == ImageHeader(width: 1, height: 1, channels: 3))
    }
  }

  private func decode(_ png: HandmadePNG) throws -> PixelImage {
    try PixelImage(decoding: png.bytes, name: "handmade.png")
  }
}

import Foundation
import PictureFixtures
import Testing

@testable import Imaging

/// What a decoder does for a hostile file, and when it stops.
@Suite struct DecodingLimitTests {
  /// Deflate with its fixed codes: a zero, then matches of 258 bytes at distance 1, of which eight take 13 bytes. The stream
  /// does not end.
  private func zeros(matches: Int) -> [UInt8] {
    // A last block with fixed codes; the code of 0; of length 258 and distance 1. A code's first bit is its highest.
    var bits: [Bool] = [true, true, false] + [0, 0, 1, 1, 0, 0, 0, 0].map { $0 == 1 }
    let match = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0].map { $0 == 1 }
    for _ in 0..<matches { bits += match }
    bits += [Bool](repeating: false, count: (8 - bits.count % 8) % 8)
    return [0x78, 0x01]
      + stride(from: 0, to: bits.count, by: 8).map { start in
        (0..<8).reduce(0) { $0 | (bits[start + $1] ? 1 << UInt8($1) : 0) }
      }
  }

  private func file(_ chunks: [(name: String, contents: [UInt8])]) -> [UInt8] {
    HandmadePNG.signature + chunks.flatMap { HandmadePNG.chunk($0.name, $0.contents) }
  }

  private let header: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0]

  /// 39 MB of zeros behind four pixels: what lies more than 64 KB behind them is not even looked at.
  @Test func aPNGIsInflatedNoFurtherThanItsSizeNeeds() throws {
    let stream = zeros(matches: 150_000)
    #expect(stream.count > 240_000)
    for chunks in [[stream], [Array(stream[..<100]), Array(stream[100...])]] {
      let bomb = file([("IHDR", header)] + chunks.map { ("IDAT", $0) } + [("IEND", [])])
      #expect(
        throws: ImagingError.damaged(
          file: "bomb.png", format: "PNG", detail: "more pixel data than its size needs")
      ) { try PixelImage(decoding: bomb, name: "bomb.png") }
    }
  }

  /// Some encoders leave a little.
  @Test func aLittleMorePixelDataIsNoError() throws {
    let png = HandmadePNG(width: 2, height: 1, bitDepth: 8, colorType: .gray, rows: [[1, 2], [3, 4], [5, 6]])
    #expect(
      try PixelImage(decoding: png.bytes, name: "a.png")
        == PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2]))
  }

  /// Texts and profiles are not inflated: their damage goes unnoticed.
  @Test func whatIsBesideThePixelsIsSkipped() throws {
    var png = HandmadePNG(width: 2, height: 1, bitDepth: 8, colorType: .gray, rows: [[1, 2]])
    png.extraChunks = [
      ("iCCP", Array("profile\0\0".utf8) + zeros(matches: 1000)), ("gAMA", [0, 0, 1, 1]), ("zTXt", [1]),
      ("iTXt", Array("Title\0\u{1}\0\0\0".utf8) + zeros(matches: 1000)),
    ]
    png.trailingChunks = [("zTXt", Array("Comment\0\0".utf8) + zeros(matches: 1000))]
    let expected = PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2])
    #expect(try PixelImage(decoding: png.bytes, name: "a.png") == expected)
    #expect(try PixelImage(decoding: png.bytes + [UInt8](repeating: 7, count: 100_000), name: "a.png") == expected)
  }

  /// A decoder asks again and again; the answer true ends it there.
  @Test func aCallerCanStopADecoder() throws {
    let large = PixelImage(width: 64, height: 200, channels: 3, filledWith: 9)
    let interlaced = HandmadePNG(
      width: 3, height: 3, bitDepth: 8, colorType: .gray, isInterlaced: true,
      rows: [[0], [2], [20, 22], [1], [21], [10, 11, 12]])
    let files: [(bytes: [UInt8], atLeast: Int)] = [
      (try large.encodePNG(), 200), (interlaced.bytes, 7), (try large.encodeJPEG(), 200),
      // Eight blocks of rows, and the scans over them.
      (JPEGFixtures.progressive, 10), (WebPFixtures.lossless, 1), (WebPFixtures.lossy, 1),
    ]
    for (number, file) in files.enumerated() {
      var asked = 0
      _ = try PixelImage(
        decoding: file.bytes, name: "a",
        isCancelled: {
          asked += 1
          return false
        })
      #expect(asked >= file.atLeast, "file \(number): \(asked)")
      for stop in Set([1, asked / 2, asked]).filter({ $0 > 0 }) {
        var count = 0
        #expect(throws: CancellationError.self, "file \(number), stopped at \(stop)") {
          try PixelImage(
            decoding: file.bytes, name: "a",
            isCancelled: {
              count += 1
              return count == stop
            })
        }
        #expect(count == stop, "file \(number)")
      }
    }
  }

  @Test func theErrorNamesTheFlag() throws {
    let error = #expect(throws: ImagingError.self) {
      try PixelImage(decoding: JPEGFixtures.gray, name: "a.jpg", pixelLimit: 9)
    }
    #expect(error?.description.contains("--pixel-limit") == true)
  }
}

import Foundation
import Imaging
import PictureFixtures

/// A picture, of at most so many pixels that a decoder that fills it takes no time.
protocol PictureFuzzing: FuzzedParser {
  init(file: URL)
  var file: URL { get }
}

extension PictureFuzzing {
  init(folder: URL) { self.init(file: folder.appending(path: "picture")) }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    _ = try? PixelImage(decoding: bytes, name: file.path, fittedTo: (2, 1), channels: 3, pixelLimit: 1 << 16)
    let header = try ImageHeader(contentsOf: file, pixelLimit: 1 << 16)
    let picture = try PixelImage(contentsOf: file, pixelLimit: 1 << 16)
    precondition(
      (picture.width, picture.height, picture.channels) == (header.width, header.height, header.channels),
      "the header says \(header), the picture is \(picture.width)x\(picture.height)x\(picture.channels)")
  }
}

struct PNGFuzzing: PictureFuzzing {
  static let name = "png"
  let file: URL

  /// Small ones of several kinds.
  static let pictures: [[UInt8]] = [
    HandmadePNG(width: 2, height: 2, bitDepth: 8, colorType: .rgb, rows: [[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 1, 2]]),
    HandmadePNG(width: 9, height: 1, bitDepth: 1, colorType: .gray, rows: [[0xAA, 0x80]]),
    HandmadePNG(
      width: 2, height: 1, bitDepth: 2, colorType: .palette,
      extraChunks: [("PLTE", [255, 0, 0, 0, 255, 0]), ("tRNS", [7])], rows: [[0x10]]),
    HandmadePNG(
      width: 2, height: 2, bitDepth: 8, colorType: .gray, isInterlaced: true, rows: [[1], [2], [3, 4]]),
    HandmadePNG(width: 1, height: 1, bitDepth: 16, colorType: .rgba, rows: [[1, 2, 3, 4, 5, 6, 7, 8]]),
    HandmadePNG(
      width: 3, height: 1, bitDepth: 8, colorType: .gray,
      extraChunks: [("eXIf", ExifFixtures.tiff(orientation: 6, isBigEndian: true))], rows: [[1, 2, 3]]),
    HandmadePNG(
      width: 3, height: 1, bitDepth: 8, colorType: .gray,
      trailingChunks: [("eXIf", ExifFixtures.tiff(orientation: 7, isBigEndian: false))], rows: [[1, 2, 3]]),
  ].map(\.bytes)

  func seeds() -> [[UInt8]] { Self.pictures }

  /// Also with the checksums that its chunks ask for.
  func files(from bytes: [UInt8]) -> [[UInt8]] {
    let signature = HandmadePNG.signature
    guard bytes.starts(with: signature) else { return [bytes] }
    var (repaired, rest) = (signature, bytes[signature.count...])
    while rest.count >= 12 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let chunk = rest.dropFirst(4).prefix(min(4 + length, rest.count - 8))
      repaired += rest.prefix(4) + chunk + bigEndian(Int(crc32(Array(chunk))))
      rest = rest.dropFirst(8 + chunk.count)
    }
    return [bytes, repaired + rest]
  }
}

struct JPEGFuzzing: PictureFuzzing {
  static let name = "jpeg"
  let file: URL

  func seeds() -> [[UInt8]] {
    [
      JPEGFixtures.gray, JPEGFixtures.color, JPEGFixtures.progressive, JPEGFixtures.adobeYCCK,
      JPEGFixtures.plainCMYK,
      ExifFixtures.jpeg(JPEGFixtures.gray, exif: ExifFixtures.tiff(orientation: 5, isBigEndian: false)),
      ExifFixtures.jpeg(JPEGFixtures.gray, exif: ExifFixtures.tiff(orientation: 8, isBigEndian: true)),
    ]
  }
}

struct WebPFuzzing: PictureFuzzing {
  static let name = "webp"
  let file: URL

  func seeds() -> [[UInt8]] {
    let exif = ExifFixtures.tiff(orientation: 6, isBigEndian: false)
    return [
      WebPFixtures.lossless, WebPFixtures.transparent, WebPFixtures.lossy,
      ExifFixtures.webp(WebPFixtures.lossless, width: 5, height: 3, exif: exif),
      ExifFixtures.webp(WebPFixtures.transparent, width: 2, height: 1, hasAlpha: true, exif: exif),
    ]
  }
}

import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct OrientationTests {
  enum Side { case top, right, bottom, left }

  /// At which sides of the upright picture the first stored row and the first stored column are: the table of the Exif
  /// standard (version 2.32, section 4.6.4, tag 274).
  static let sides: [Int: (row: Side, column: Side)] = [
    1: (.top, .left), 2: (.top, .right), 3: (.bottom, .right), 4: (.bottom, .left), 5: (.left, .top),
    6: (.right, .top), 7: (.right, .bottom), 8: (.left, .bottom),
  ]

  /// The upright picture, pixel by pixel, after that table.
  private func upright(_ stored: PixelImage, _ orientation: Int) -> PixelImage {
    let sides = Self.sides[orientation]!
    let isTurned = sides.row == .left || sides.row == .right
    let width = isTurned ? stored.height : stored.width
    let height = isTurned ? stored.width : stored.height
    var image = PixelImage(width: width, height: height, channels: stored.channels, filledWith: 0)
    for row in 0..<stored.height {
      for column in 0..<stored.width {
        var (x, y) = (0, 0)
        for (side, distance) in [(sides.row, row), (sides.column, column)] {
          switch side {
          case .top: y = distance
          case .bottom: y = height - 1 - distance
          case .left: x = distance
          case .right: x = width - 1 - distance
          }
        }
        let start = (y * width + x) * stored.channels
        image.pixels.replaceSubrange(start..<start + stored.channels, with: stored[x: column, y: row])
      }
    }
    return image
  }

  /// A picture whose pixels all differ, larger than the blocks that are turned at a time.
  private func picture(width: Int = 37, height: Int = 70, channels: Int) -> PixelImage {
    PixelImage(
      width: width, height: height, channels: channels,
      pixels: (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 8) })
  }

  private func png(_ picture: PixelImage, before: [UInt8]? = nil, after: [UInt8]? = nil) -> [UInt8] {
    let types: [HandmadePNG.ColorType] = [.gray, .grayAlpha, .rgb, .rgba]
    let stride = picture.width * picture.channels
    var png = HandmadePNG(
      width: picture.width, height: picture.height, bitDepth: 8, colorType: types[picture.channels - 1],
      rows: (0..<picture.height).map { Array(picture.pixels[$0 * stride..<($0 + 1) * stride]) })
    if let before { png.extraChunks = [("eXIf", before)] }
    if let after { png.trailingChunks = [("tEXt", Array("Title\0a".utf8)), ("eXIf", after)] }
    return png.bytes
  }

  /// The decoded picture, and that its header has the same size.
  private func decoded(_ bytes: [UInt8], at location: SourceLocation = #_sourceLocation) throws -> PixelImage {
    let image = try PixelImage(decoding: bytes, name: "picture")
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "picture")
      try Data(bytes).write(to: url)
      let header = ImageHeader(width: image.width, height: image.height, channels: image.channels)
      #expect(try ImageHeader(contentsOf: url) == header, sourceLocation: location)
      #expect(try PixelImage(contentsOf: url) == image, sourceLocation: location)
    }
    return image
  }

  @Test(arguments: 1...8, 1...4) func everyOrientationOfPNG(orientation: Int, channels: Int) throws {
    let stored = picture(channels: channels)
    let expected = upright(stored, orientation)
    for isBigEndian in [false, true] {
      let exif = ExifFixtures.tiff(orientation: orientation, isBigEndian: isBigEndian)
      #expect(try decoded(png(stored, before: exif)) == expected)
      #expect(try decoded(png(stored, after: exif)) == expected)
      #expect(try decoded(png(stored, before: Array("Exif\0\0".utf8) + exif)) == expected)
    }
  }

  /// The values are those of Pillow: `ImageOps.exif_transpose` of the rows 0 1 2 and 3 4 5.
  @Test func sameAsPillow() throws {
    let values: [[UInt8]] = [
      [0, 1, 2, 3, 4, 5], [2, 1, 0, 5, 4, 3], [5, 4, 3, 2, 1, 0], [3, 4, 5, 0, 1, 2], [0, 3, 1, 4, 2, 5],
      [3, 0, 4, 1, 5, 2], [5, 2, 4, 1, 3, 0], [2, 5, 1, 4, 0, 3],
    ]
    let stored = PixelImage(width: 3, height: 2, channels: 1, pixels: [0, 1, 2, 3, 4, 5])
    for (index, pixels) in values.enumerated() {
      let exif = ExifFixtures.tiff(orientation: index + 1, isBigEndian: true)
      let (width, height) = index < 4 ? (3, 2) : (2, 3)
      #expect(
        try decoded(png(stored, before: exif))
          == PixelImage(width: width, height: height, channels: 1, pixels: pixels), "orientation \(index + 1)")
    }
  }

  @Test(arguments: 1...8) func everyOrientationOfJPEG(orientation: Int) throws {
    for jpeg in [JPEGFixtures.uneven, JPEGFixtures.gray, JPEGFixtures.progressive, JPEGFixtures.plainCMYK] {
      let expected = upright(try PixelImage(decoding: jpeg, name: "stored"), orientation)
      for isBigEndian in [false, true] {
        let exif = ExifFixtures.tiff(orientation: orientation, isBigEndian: isBigEndian)
        #expect(try decoded(ExifFixtures.jpeg(jpeg, exif: exif)) == expected)
      }
    }
  }

  @Test(arguments: 1...8) func everyOrientationOfWebP(orientation: Int) throws {
    let files = [
      (WebPFixtures.lossless, 5, 3, false), (WebPFixtures.transparent, 2, 1, true), (WebPFixtures.lossy, 16, 8, false),
    ]
    for (webp, width, height, hasAlpha) in files {
      let expected = upright(try PixelImage(decoding: webp, name: "stored"), orientation)
      for exif in [
        ExifFixtures.tiff(orientation: orientation, isBigEndian: false),
        Array("Exif\0\0".utf8) + ExifFixtures.tiff(orientation: orientation, isBigEndian: true),
      ] {
        let file = ExifFixtures.webp(webp, width: width, height: height, hasAlpha: hasAlpha, exif: exif)
        #expect(try decoded(file) == expected)
      }
    }
  }

  /// Cameras put a small picture into the Exif data, and XMP before it, in a segment of the same kind.
  @Test func longExifDataBehindOtherSegments() throws {
    let long = ExifFixtures.tiff(orientation: 6, isBigEndian: false) + [UInt8](repeating: 0xFF, count: 60_000)
    let stored = try PixelImage(decoding: JPEGFixtures.uneven, name: "stored")
    var jpeg = ExifFixtures.jpeg(JPEGFixtures.uneven, exif: long)
    let xmp = ExifFixtures.segment(
      Array("http://ns.adobe.com/xap/1.0/\0<x/>".utf8) + [UInt8](repeating: 32, count: 50_000))
    for _ in 0..<3 { jpeg.insert(contentsOf: xmp, at: 2) }
    #expect(try decoded(jpeg) == upright(stored, 6))
    // Fill bytes before a marker, and bytes that belong nowhere.
    jpeg.insert(contentsOf: [0xFF, 0xFF, 0xFF], at: 2)
    #expect(try decoded(jpeg) == upright(stored, 6))

    let square = picture(channels: 3)
    #expect(try decoded(png(square, before: long)) == upright(square, 6))
    #expect(try decoded(png(picture(width: 60, height: 300, channels: 3), after: long)).width == 300)
  }

  @Test func sizesInErrorsAreTheUprightOnes() throws {
    let exif = ExifFixtures.tiff(orientation: 8, isBigEndian: true)
    let files = [
      (png(picture(channels: 1), before: exif), 70, 37), (png(picture(channels: 1), after: exif), 70, 37),
      (ExifFixtures.jpeg(JPEGFixtures.uneven, exif: exif), 16, 24),
      (ExifFixtures.webp(WebPFixtures.lossy, width: 16, height: 8, exif: exif), 8, 16),
    ]
    for (file, width, height) in files {
      #expect(throws: ImagingError.tooLarge(file: "a", width: width, height: height, pixelLimit: 20)) {
        try PixelImage(decoding: file, name: "a", pixelLimit: 20)
      }
    }
  }

  /// Such a picture is taken as it is stored.
  @Test func brokenExifDataIsNoError() throws {
    let sound = ExifFixtures.tiff(orientation: 6, isBigEndian: false)
    func changed(_ changes: [Int: UInt8]) -> [UInt8] {
      var exif = sound
      for (offset, byte) in changes { exif[offset] = byte }
      return exif
    }
    var broken: [(what: String, exif: [UInt8])] = [
      ("no byte order", changed([0: 0x4A])), ("not TIFF", changed([2: 43])),
      ("the directory lies behind the end", changed([4: 0xFF])),
      ("the directory lies far behind the end", changed([4: 0xFF, 5: 0xFF, 6: 0xFF, 7: 0xFF])),
      ("the directory is the header", changed([4: 0])), ("no entries", changed([8: 0])),
      ("a long", ExifFixtures.tiff(orientation: 6, isBigEndian: true, type: 4)),
      ("a byte", ExifFixtures.tiff(orientation: 6, isBigEndian: false, type: 1)),
      ("text", ExifFixtures.tiff(orientation: 6, isBigEndian: false, type: 2)),
      ("no type", ExifFixtures.tiff(orientation: 6, isBigEndian: false, type: 0)),
      ("no value", ExifFixtures.tiff(orientation: 6, isBigEndian: false, count: 0)),
      ("two values", ExifFixtures.tiff(orientation: 6, isBigEndian: false, count: 2)),
      ("65535 entries without the tag", changed([8: 0xFF, 9: 0xFF, 22: 0x13])),
    ]
    for orientation in [0, 9, 255, 65535] {
      broken.append(("orientation \(orientation)", ExifFixtures.tiff(orientation: orientation, isBigEndian: true)))
    }
    // Up to the end of the tag's value.
    for length in 0..<32 { broken.append(("cut at \(length)", Array(sound[..<length]))) }
    let stored = picture(channels: 3)
    let jpeg = try PixelImage(decoding: JPEGFixtures.uneven, name: "stored")
    let webp = try PixelImage(decoding: WebPFixtures.lossy, name: "stored")
    for (what, exif) in broken {
      #expect(try decoded(png(stored, before: exif)) == stored, "\(what)")
      #expect(try decoded(png(stored, after: exif)) == stored, "\(what)")
      #expect(try decoded(ExifFixtures.jpeg(JPEGFixtures.uneven, exif: exif)) == jpeg, "\(what)")
      #expect(
        try decoded(ExifFixtures.webp(WebPFixtures.lossy, width: 16, height: 8, exif: exif)) == webp, "\(what)")
    }
    #expect(try decoded(png(stored, before: sound)) != stored)
  }

  @Test func aChunkWithAWrongChecksumIsNotUsed() throws {
    let stored = picture(channels: 1)
    let exif = ExifFixtures.tiff(orientation: 3, isBigEndian: false)
    var file = png(stored, before: exif)
    let chunk = try #require(file.firstRange(of: Array("eXIf".utf8)))
    file[chunk.upperBound + exif.count] ^= 1
    #expect(try decoded(file) == stored)
  }

  /// The flags of the extended form say whether there is Exif data.
  @Test func webPWithoutTheFlagIsTakenAsStored() throws {
    let exif = ExifFixtures.tiff(orientation: 3, isBigEndian: false)
    var file = ExifFixtures.webp(WebPFixtures.lossless, width: 5, height: 3, exif: exif)
    file[20] = 0
    #expect(try decoded(file) == PixelImage(decoding: WebPFixtures.lossless, name: "stored"))
  }
}

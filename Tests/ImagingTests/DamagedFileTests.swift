import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct DamagedFileTests {
  @Test func missingFileAndFolder() throws {
    try withTemporaryFolder { folder in
      let missing = folder.appendingPathComponent("none.png")
      #expect(throws: ImagingError.missing(file: missing.path)) { try PixelImage(contentsOf: missing) }
      #expect(throws: ImagingError.unreadable(file: folder.path, reason: "Is a directory")) {
        try PixelImage(contentsOf: folder)
      }
    }
  }

  @Test func emptyFile() {
    #expect(throws: ImagingError.empty(file: "a.png")) { try PixelImage(decoding: [], name: "a.png") }
  }

  @Test func notAnImage() {
    let error = #expect(throws: ImagingError.self) { try PixelImage(decoding: Array("<html>".utf8), name: "a.jpg") }
    #expect(
      error?.description
        == "a.jpg: not a picture; expected the first bytes of a PNG, JPEG or WebP file, found 3c 68 74 6d.")
  }

  @Test func otherFormatsAreNamed() {
    #expect(throws: ImagingError.unsupported(file: "a.png", found: "GIF")) {
      try PixelImage(decoding: Array("GIF89a...".utf8), name: "a.png")
    }
    #expect(throws: ImagingError.unsupported(file: "a.png", found: "BMP")) {
      try PixelImage(decoding: Array("BM 1234".utf8), name: "a.png")
    }
  }

  @Test func truncationAtEveryByteOfAPNGIsAnError() throws {
    let png = try PixelImage(width: 4, height: 4, channels: 3, filledWith: 7).encodePNG()
    for length in 8..<png.count {
      let error = #expect(throws: ImagingError.self) {
        try PixelImage(decoding: Array(png[..<length]), name: "cut.png")
      }
      guard case .truncated("cut.png", "PNG", _) = error else {
        Issue.record("cut at \(length): \(String(describing: error))")
        continue
      }
    }
  }

  @Test(arguments: [JPEGFixtures.gray, JPEGFixtures.color, JPEGFixtures.progressive])
  func truncationAtEveryByteOfAJPEGIsAnError(jpeg: [UInt8]) {
    for length in 3..<jpeg.count {
      let error = #expect(throws: ImagingError.self) {
        try PixelImage(decoding: Array(jpeg[..<length]), name: "cut.jpg")
      }
      guard case .truncated("cut.jpg", "JPEG", _) = error else {
        Issue.record("cut at \(length) of \(jpeg.count): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func damagedPixelDataIsAnError() throws {
    var png = try PixelImage(width: 4, height: 4, channels: 3, filledWith: 7).encodePNG()
    png[png.count - 20] ^= 0xFF
    let error = #expect(throws: ImagingError.self) { try PixelImage(decoding: png, name: "bad.png") }
    guard case .damaged("bad.png", "PNG", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func tooManyPixelsAreRefusedBeforeAnythingIsAllocated() throws {
    let giant = HandmadePNG(width: 2_000_000, height: 2_000_000, bitDepth: 8, colorType: .rgb, rows: [])
    let expected = ImagingError.tooLarge(
      file: "giant.png", width: 2_000_000, height: 2_000_000, pixelLimit: PixelImage.defaultPixelLimit)
    #expect(throws: expected) { try PixelImage(decoding: giant.bytes, name: "giant.png") }
    #expect(throws: ImagingError.tooLarge(file: "small.jpg", width: 16, height: 8, pixelLimit: 127)) {
      try PixelImage(decoding: JPEGFixtures.gray, name: "small.jpg", pixelLimit: 127)
    }
    #expect(try PixelImage(decoding: JPEGFixtures.gray, name: "small.jpg", pixelLimit: 128).width == 16)
  }

  @Test func morePixelsThanTheBytesCanHoldAreRefusedBeforeAnythingIsAllocated() throws {
    let png = HandmadePNG(width: 9000, height: 9000, bitDepth: 1, colorType: .gray, rows: [[0]]).bytes
    var jpeg = JPEGFixtures.gray
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && [0xC0, 0xC2].contains(jpeg[$0 + 1]) })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x23, 0x28, 0x23, 0x28])
    for (bytes, format) in [(png, "PNG"), (jpeg, "JPEG")] {
      let expected = ImagingError.truncated(
        file: "a", format: format, detail: "more pixels than the file's bytes can hold")
      #expect(throws: expected) { try PixelImage(decoding: bytes, name: "a") }
    }
  }

  /// Deflate at its best.
  @Test func aLargePictureOfOneColorIsRead() throws {
    let image = PixelImage(width: 4000, height: 3000, channels: 1, filledWith: 7)
    let png = try image.encodePNG()
    #expect(png.count < 4000 * 3000 / 600)
    #expect(try PixelImage(decoding: png, name: "a.png") == image)
  }

  @Test func writingReplacesTheFileAndLeavesNothingElse() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("out.png")
      try Data("old".utf8).write(to: url)
      let image = PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2])
      try image.writePNG(to: url)
      #expect(try PixelImage(contentsOf: url) == image)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.png"])
    }
  }

  @Test func writingWhereThereIsNoFolderNamesTheFile() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("none/out.png")
      let error = #expect(throws: ImagingError.self) {
        try PixelImage(width: 1, height: 1, channels: 1, pixels: [0]).writePNG(to: url)
      }
      #expect(error?.description.hasPrefix("\(url.path): the file could not be written") == true)
    }
  }
}

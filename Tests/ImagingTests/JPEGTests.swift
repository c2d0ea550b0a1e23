import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct JPEGTests {
  @Test func gray() throws {
    let image = try PixelImage(decoding: JPEGFixtures.gray, name: "gray.jpg")
    expect(image, channels: 1, left: [40], right: [200])
  }

  @Test func color() throws {
    let image = try PixelImage(decoding: JPEGFixtures.color, name: "color.jpg")
    expect(image, channels: 3, left: [200, 30, 40], right: [20, 60, 220])
  }

  @Test func progressive() throws {
    let image = try PixelImage(decoding: JPEGFixtures.progressive, name: "progressive.jpg")
    expect(image, channels: 3, left: [200, 30, 40], right: [20, 60, 220])
  }

  /// The colors are Pillow's, `Image.open(file).convert("RGB").getpixel((2, 4))` and `((13, 4))`.
  @Test func inksAreStoredInvertedWithAndWithoutAMarker() throws {
    let adobe = try PixelImage(decoding: JPEGFixtures.adobeYCCK, name: "adobe.jpg")
    expect(adobe, channels: 3, left: [1, 255, 255], right: [128, 128, 128])
    let plain = try PixelImage(decoding: JPEGFixtures.plainCMYK, name: "plain.jpg")
    expect(plain, channels: 3, left: [0, 255, 255], right: [191, 95, 0])
  }

  @Test(arguments: 1...4) func writtenPicturesAreNearTheOriginal(channels: Int) throws {
    let image = try PixelImage(decoding: JPEGFixtures.uneven, name: "uneven.jpg")
    let opaque = image.converted(toChannels: channels <= 2 ? 1 : 3)
    var pixels: [UInt8] = []
    for i in 0..<24 * 16 {
      pixels += opaque.pixels[i * opaque.channels..<(i + 1) * opaque.channels]
      if channels % 2 == 0 { pixels.append(255) }
    }
    let given = PixelImage(width: 24, height: 16, channels: channels, pixels: pixels)
    let read = try PixelImage(decoding: given.encodeJPEG(), name: "written.jpg")
    #expect((read.width, read.height, read.channels) == (24, 16, opaque.channels))
    let errors = zip(read.pixels, opaque.pixels).map { abs(Int($0) - Int($1)) }
    #expect(errors.reduce(0, +) < 2 * errors.count && errors.max()! < 24)
  }

  @Test func sidesThatAJPEGCannotHaveAreRefused() throws {
    let error = #expect(throws: ImagingError.self) {
      try PixelImage(width: 70_000, height: 1, channels: 1, filledWith: 0).encodeJPEG()
    }
    #expect(error?.description.contains("65500") == true)
  }

  @Test func theEndingOfTheNameChoosesTheFormat() throws {
    try withTemporaryFolder { folder in
      let image = PixelImage(width: 16, height: 16, channels: 3, filledWith: 90)
      for (name, start) in [
        ("a.png", [0x89, 0x50]), ("A.PNG", [0x89, 0x50]), ("a.jpg", [0xFF, 0xD8]), ("a.JPEG", [0xFF, 0xD8]),
      ] {
        let url = folder.appending(path: name)
        try image.write(to: url)
        #expect(try Data(contentsOf: url).starts(with: start.map(UInt8.init)), "\(name)")
        #expect(try PixelImage(contentsOf: url).width == 16)
      }
      for name in ["a.gif", "a.webp", "a", "a.png.tmp"] {
        let error = #expect(throws: ImagingError.self) { try image.write(to: folder.appending(path: name)) }
        #expect(error?.description.contains(".png, or in .jpg") == true)
      }
      #expect(throws: Never.self) { try WrittenFormat(for: URL(filePath: "/dev/null")) }
    }
  }

  @Test func scansWithoutEndAreAnError() throws {
    let jpeg = JPEGFixtures.progressive
    let last = try #require(jpeg.indices.dropLast().last { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xDA })
    let scan = jpeg[last..<jpeg.count - 2]
    let many = jpeg.dropLast(2) + [[UInt8]](repeating: Array(scan), count: 200).joined() + [0xFF, 0xD9]
    #expect(
      throws: ImagingError.damaged(file: "a.jpg", format: "JPEG", detail: "more scans than any encoder writes")
    ) { try PixelImage(decoding: Array(many), name: "a.jpg") }
  }

  @Test func headersMatchDecodedPictures() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("named-like-a.png")
      try Data(JPEGFixtures.gray).write(to: url)
      #expect(try ImageHeader(contentsOf: url) == ImageHeader(width: 16, height: 8, channels: 1))
      try Data(JPEGFixtures.plainCMYK).write(to: url)
      #expect(try ImageHeader(contentsOf: url) == ImageHeader(width: 16, height: 8, channels: 3))
    }
  }

  /// Within the loss of quality 95.
  private func expect(
    _ image: PixelImage, channels: Int, left: [Int], right: [Int], at location: SourceLocation = #_sourceLocation
  ) {
    #expect((image.width, image.height, image.channels) == (16, 8, channels), sourceLocation: location)
    for (x, color) in [(2, left), (13, right)] {
      let found = image[x: x, y: 4].map(Int.init)
      #expect(zip(found, color).allSatisfy { abs($0 - $1) <= 4 }, "\(found) near \(color)", sourceLocation: location)
    }
  }
}

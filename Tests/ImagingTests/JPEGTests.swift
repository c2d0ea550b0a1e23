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

  @Test func inksBecomeRGBWhetherOrNotTheyAreStoredInverted() throws {
    for (name, bytes) in [("adobe", JPEGFixtures.adobeYCCK), ("plain", JPEGFixtures.plainCMYK)] {
      let image = try PixelImage(decoding: bytes, name: name)
      expect(image, channels: 3, left: [0, 255, 255], right: [128, 128, 128])
    }
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

import Foundation
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct WebPTests {
  @Test func lossless() throws {
    let image = try PixelImage(decoding: WebPFixtures.lossless, name: "a.webp")
    #expect(image == PixelImage(width: 5, height: 3, channels: 3, pixels: (0..<45).map { UInt8(5 * $0) }))
  }

  @Test func transparencyIsAnAlphaChannel() throws {
    let image = try PixelImage(decoding: WebPFixtures.transparent, name: "a.webp")
    #expect(image == PixelImage(width: 2, height: 1, channels: 4, pixels: [200, 100, 50, 255, 10, 20, 30, 0]))
  }

  @Test func lossyIsNearTheOriginal() throws {
    let image = try PixelImage(decoding: WebPFixtures.lossy, name: "a.webp")
    #expect((image.width, image.height, image.channels) == (16, 8, 3))
    for (x, color) in [(2, [200, 30, 40]), (13, [20, 60, 220])] {
      let found = image[x: x, y: 4].map(Int.init)
      #expect(zip(found, color).allSatisfy { abs($0 - $1) <= 8 }, "\(found) near \(color)")
    }
  }

  @Test func headersMatchDecodedPictures() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a")
      try Data(WebPFixtures.transparent).write(to: url)
      #expect(try ImageHeader(contentsOf: url) == ImageHeader(width: 2, height: 1, channels: 4))
    }
  }

  @Test func animationsAreRefused() {
    #expect(throws: ImagingError.unsupported(file: "a.webp", found: "WebP of this kind (animated)")) {
      try PixelImage(decoding: WebPFixtures.animated, name: "a.webp")
    }
  }

  @Test func thePixelLimitHolds() {
    #expect(throws: ImagingError.tooLarge(file: "a.webp", width: 16, height: 8, pixelLimit: 127)) {
      try PixelImage(decoding: WebPFixtures.lossy, name: "a.webp", pixelLimit: 127)
    }
  }

  @Test(arguments: [WebPFixtures.lossless, WebPFixtures.transparent, WebPFixtures.lossy])
  func truncationAtEveryByteIsAnError(webp: [UInt8]) {
    for length in 12..<webp.count {
      let error = #expect(throws: ImagingError.self) {
        try PixelImage(decoding: Array(webp[..<length]), name: "cut.webp")
      }
      guard case .truncated("cut.webp", "WebP", _) = error else {
        Issue.record("cut at \(length) of \(webp.count): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func damageIsAnErrorOrAPictureOfTheSameSize() {
    for position in WebPFixtures.lossless.indices {
      var webp = WebPFixtures.lossless
      webp[position] ^= 0xFF
      do {
        let image = try PixelImage(decoding: webp, name: "bad.webp", pixelLimit: 1000)
        #expect(image.pixels.count == image.width * image.height * image.channels)
      } catch {
        #expect(error is ImagingError)
      }
    }
  }
}

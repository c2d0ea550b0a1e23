import Testing

@testable import Imaging

@Suite struct TransformTests {
  @Test func grayAndColor() {
    let rgb = PixelImage(width: 4, height: 1, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    #expect(rgb.converted(toChannels: 1).pixels == [76, 150, 29, 9])
    #expect(rgb.converted(toChannels: 3) == rgb)
    let gray = PixelImage(width: 2, height: 1, channels: 1, pixels: [3, 200])
    #expect(gray.converted(toChannels: 3).pixels == [3, 3, 3, 200, 200, 200])
  }

  @Test func alphaIsCompositedOnWhite() {
    let rgba = PixelImage(width: 3, height: 1, channels: 4, pixels: [0, 50, 100, 0, 0, 50, 100, 255, 0, 50, 100, 128])
    #expect(rgba.converted(toChannels: 3).pixels == [255, 255, 255, 0, 50, 100, 127, 152, 177])
    let grayAlpha = PixelImage(width: 2, height: 1, channels: 2, pixels: [10, 0, 10, 255])
    #expect(grayAlpha.converted(toChannels: 1).pixels == [255, 10])
  }

  @Test(arguments: [(1, 1), (3, 2), (7, 11), (20, 4), (5, 30)])
  func aConstantStaysConstant(width: Int, height: Int) {
    let image = PixelImage(width: 7, height: 11, channels: 3, filledWith: 173)
    #expect(
      image.resized(width: width, height: height)
        == PixelImage(width: width, height: height, channels: 3, filledWith: 173))
  }

  @Test func shrinkingAverages() {
    let ramp = PixelImage(width: 6, height: 2, channels: 1, pixels: [0, 2, 4, 6, 8, 10, 20, 22, 24, 26, 28, 30])
    #expect(ramp.resized(width: 3, height: 1).pixels == [11, 15, 19])
    // Each new pixel covers 1.5 old ones: (0 + 2/2) / 1.5 and (2/2 + 4) / 1.5.
    #expect(ramp.resized(width: 4, height: 2).pixels[..<2] == [1, 3])
  }

  @Test func enlargingARampInterpolatesBetweenCenters() {
    let ramp = PixelImage(width: 3, height: 1, channels: 1, pixels: [0, 100, 200])
    #expect(ramp.resized(width: 6, height: 2).pixels == [0, 25, 75, 125, 175, 200, 0, 25, 75, 125, 175, 200])
  }

  @Test func croppingKeepsTheMiddle() {
    let image = PixelImage(width: 5, height: 4, channels: 1, pixels: (0..<20).map { UInt8($0) })
    #expect(image.centerCropped(width: 2, height: 2).pixels == [6, 7, 11, 12])
    #expect(image.centerCropped(width: 5, height: 4) == image)
  }

  @Test func croppingToAnAspectKeepsAsMuchAsFits() {
    let tall = PixelImage(width: 178, height: 218, channels: 1, filledWith: 0)
    func size(_ image: PixelImage) -> [Int] { [image.width, image.height] }
    #expect(size(tall.centerCropped(toAspectOf: (64, 64))) == [178, 178])
    #expect(size(tall.centerCropped(toAspectOf: (1, 2))) == [109, 218])
    #expect(size(tall.centerCropped(toAspectOf: (2, 1))) == [178, 89])
    #expect(size(tall.centerCropped(toAspectOf: (1000, 1))) == [178, 1])
    #expect(size(tall.centerCropped(toAspectOf: (356, 436))) == [178, 218])
    #expect(size(tall.fitted(width: 32, height: 16)) == [32, 16])
  }
}

import Testing

@testable import Imaging

@Suite struct GridTests {
  private func pixel(_ value: UInt8) -> PixelImage { PixelImage(width: 1, height: 1, channels: 1, pixels: [value]) }

  @Test func rowsPaddingAndEmptyCells() {
    let grid = PixelImage.grid([pixel(1), pixel(2), pixel(3)], columns: 2, padding: 1, background: 9)
    #expect(
      grid
        == PixelImage(
          width: 5, height: 5, channels: 1,
          pixels: [
            9, 9, 9, 9, 9,
            9, 1, 9, 2, 9,
            9, 9, 9, 9, 9,
            9, 3, 9, 9, 9,
            9, 9, 9, 9, 9,
          ]))
  }

  @Test func scaleEnlargesPicturesButNotPadding() {
    let grid = PixelImage.strip([pixel(1), pixel(2)], padding: 1, background: 0, scale: 2)
    #expect(
      grid
        == PixelImage(
          width: 7, height: 4, channels: 1,
          pixels: [
            0, 0, 0, 0, 0, 0, 0,
            0, 1, 1, 0, 2, 2, 0,
            0, 1, 1, 0, 2, 2, 0,
            0, 0, 0, 0, 0, 0, 0,
          ]))
  }

  @Test func oneColorPictureMakesAllColor() {
    let red = PixelImage(width: 1, height: 1, channels: 3, pixels: [200, 0, 0])
    let strip = PixelImage.strip([pixel(5), red], padding: 0)
    #expect(strip == PixelImage(width: 2, height: 1, channels: 3, pixels: [5, 5, 5, 200, 0, 0]))
  }

  @Test func fewerPicturesThanColumnsLeaveNoEmptyColumns() {
    #expect(PixelImage.grid([pixel(1)], columns: 8, padding: 0) == pixel(1))
  }

  @Test func stacksAlignLeftWithAGap() {
    let wide = PixelImage(width: 2, height: 1, channels: 1, pixels: [1, 2])
    let stack = PixelImage.stack([wide, pixel(3)], gap: 1, background: 0)
    #expect(stack == PixelImage(width: 2, height: 3, channels: 1, pixels: [1, 2, 0, 0, 3, 0]))
  }
}

import CImageCodecs
import PictureFixtures
import Testing

@testable import Imaging

@Suite struct ReducedDecodingTests {
  /// Smooth, without any symmetry, and of sides that fill no whole number of blocks.
  private static let smooth: [UInt8] = {
    let (width, height) = (1003, 805)
    let pixels = (0..<height).flatMap { y in
      (0..<width).flatMap { x -> [UInt8] in
        let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
        return [255 * u * u, 255 * v, 255 * (1 - u) * v].map { UInt8($0) }
      }
    }
    return try! PixelImage(width: width, height: height, channels: 3, pixels: pixels).encodeJPEG(quality: 95)
  }()

  private func whole(_ jpeg: [UInt8], _ size: (width: Int, height: Int), channels: Int = 3) throws -> PixelImage {
    try PixelImage(decoding: jpeg, name: "a.jpg").converted(toChannels: channels)
      .fitted(width: size.width, height: size.height)
  }

  private func reduced(_ jpeg: [UInt8], _ size: (width: Int, height: Int), channels: Int = 3) throws -> PixelImage {
    try PixelImage(decoding: jpeg, name: "a.jpg", fittedTo: size, channels: channels)
  }

  private func fit(
    _ width: Int32, _ height: Int32, to size: (width: Int, height: Int), _ orientation: Orientation = .topLeft
  ) -> ReducedFit {
    ReducedFit(of: cic_image_info(width: width, height: height, channels: 3), orientation, to: size)
  }

  /// Sizes of each scale, square and not, which cut a part from either side.
  @Test(arguments: [(20, 12), (12, 30), (32, 32), (64, 64), (100, 60), (180, 144)])
  func itIsNearTheWholeDecodingOfASmoothPicture(width: Int, height: Int) throws {
    for orientation in 1...8 {
      let jpeg = ExifFixtures.jpeg(Self.smooth, exif: ExifFixtures.tiff(orientation: orientation, isBigEndian: false))
      let (whole, reduced) = (try whole(jpeg, (width, height)), try reduced(jpeg, (width, height)))
      #expect((reduced.width, reduced.height, reduced.channels) == (width, height, 3))
      let errors = zip(whole.pixels, reduced.pixels).map { abs(Int($0) - Int($1)) }
      #expect(errors.max()! <= 2, "orientation \(orientation)")
      #expect(Double(errors.reduce(0, +)) < 0.3 * Double(errors.count), "orientation \(orientation)")
    }
  }

  @Test func theScaleLeavesFourTimesTheSize() {
    #expect(fit(4000, 3000, to: (32, 32)).reduction == 8)
    #expect(fit(1024, 1024, to: (32, 32)).reduction == 8)
    #expect(fit(1023, 1024, to: (32, 32)).reduction == 4)
    #expect(fit(256, 256, to: (32, 32)).reduction == 2)
    #expect(fit(255, 5000, to: (32, 32)).reduction == 1)
    // The part counts, of the upright picture.
    #expect(fit(4000, 700, to: (40, 20)).reduction == 8)
    #expect(fit(700, 4000, to: (40, 20)).reduction == 4)
    #expect(fit(700, 4000, to: (40, 20), .rightTop).reduction == 8)
  }

  @Test func whatIsNotMuchLargerIsDecodedWhole() throws {
    for size in [(130, 110), (300, 210), (500, 400), (1003, 805), (1200, 900)] {
      #expect(try reduced(Self.smooth, size) == whole(Self.smooth, size))
    }
    let png = try PixelImage(decoding: Self.smooth, name: "a.jpg").encodePNG()
    #expect(try reduced(png, (16, 16)) == whole(png, (16, 16)))
  }

  @Test func graysAndInks() throws {
    let gray = try reduced(JPEGFixtures.gray, (2, 1))
    #expect(gray.channels == 3 && near(gray, [40, 40, 40, 200, 200, 200]))
    #expect(try near(reduced(JPEGFixtures.gray, (2, 1), channels: 1), [40, 200]))
    #expect(try near(reduced(JPEGFixtures.plainCMYK, (2, 1)), [0, 255, 255, 191, 95, 0]))
    #expect(try near(reduced(JPEGFixtures.progressive, (2, 1)), [200, 30, 40, 20, 60, 220]))
    #expect(fit(16, 8, to: (2, 1)).reduction == 2)
  }

  private func near(_ image: PixelImage, _ values: [Int]) -> Bool {
    image.pixels.count == values.count && zip(image.pixels, values).allSatisfy { abs(Int($0) - $1) <= 4 }
  }

  @Test func damageIsFoundAsInAWholeDecoding() throws {
    func failure(_ body: @autoclosure () throws -> PixelImage) -> ImagingError? {
      do { _ = try body() } catch { return error as? ImagingError }
      return nil
    }
    for count in stride(from: 0, to: Self.smooth.count, by: 997) {
      let cut = Array(Self.smooth.prefix(count))
      let error = failure(try whole(cut, (32, 32)))
      #expect(error != nil && failure(try reduced(cut, (32, 32))) == error)
    }
    var bytes = Self.smooth
    for place in stride(from: bytes.count / 2, to: bytes.count - 100, by: 211) {
      for marker: UInt8 in [0xD9, 0xDA, 0xFF] {
        (bytes[place], bytes[place + 1]) = (0xFF, marker)
        #expect(failure(try whole(bytes, (32, 32))) == failure(try reduced(bytes, (32, 32))))
      }
      (bytes[place], bytes[place + 1]) = (Self.smooth[place], Self.smooth[place + 1])
    }
  }

  @Test func theLimitIsOfTheWholePicture() throws {
    #expect(throws: ImagingError.tooLarge(file: "a.jpg", width: 1003, height: 805, pixelLimit: 800_000)) {
      try PixelImage(decoding: Self.smooth, name: "a.jpg", fittedTo: (8, 8), channels: 3, pixelLimit: 800_000)
    }
  }

  @Test func itStopsWhenAsked() throws {
    #expect(throws: CancellationError.self) {
      try PixelImage(decoding: Self.smooth, name: "a.jpg", fittedTo: (8, 8), channels: 3, isCancelled: { true })
    }
  }
}

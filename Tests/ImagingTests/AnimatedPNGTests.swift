import Foundation
import Imaging
import PictureFixtures
import Testing

@Suite struct AnimatedPNGTests {
  private struct Chunk {
    var type: String
    var data: [UInt8]
  }

  /// The chunks of a file, their checksums compared.
  private func chunks(of file: [UInt8]) throws -> [Chunk] {
    func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    #expect(Array(file[..<8]) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    var chunks: [Chunk] = []
    var position = 8
    while position < file.count {
      let length = number(file[position..<position + 4])
      let body = Array(file[position + 4..<position + 8 + length])
      #expect(number(file[position + 8 + length..<position + 12 + length]) == Int(HandmadePNG.crc32(body)))
      chunks.append(Chunk(type: String(decoding: body[..<4], as: UTF8.self), data: Array(body[4...])))
      position += length + 12
    }
    return chunks
  }

  private func picture(_ number: Int, channels: Int) -> PixelImage {
    PixelImage(
      width: 20, height: 9, channels: channels,
      pixels: (0..<20 * 9 * channels).map { UInt8(truncatingIfNeeded: $0 * $0 * (number + 1)) })
  }

  @Test(arguments: [1, 3]) func everyFrameComesBack(channels: Int) throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "moving.png")
      let frames = (0..<4).map { picture($0, channels: channels) }
      let format = VideoFormat(width: 20, height: 9, channels: channels, framesPerSecond: 12, frames: 4)
      let writer = try format.writer(to: url)
      for frame in frames { try writer.append(frame) }
      #expect(!FileManager.default.fileExists(atPath: url.path))
      try writer.finish()

      let chunks = try chunks(of: Array(Data(contentsOf: url)))
      #expect(chunks.first?.type == "IHDR" && chunks.last?.type == "IEND")
      #expect(chunks[1].type == "acTL" && chunks[1].data == [0, 0, 0, 4, 0, 0, 0, 0])
      var sequence: UInt8 = 0
      var pixels: [[UInt8]] = []
      for chunk in chunks where ["fcTL", "fdAT", "IDAT"].contains(chunk.type) {
        if chunk.type != "IDAT" {
          #expect(Array(chunk.data[..<4]) == [0, 0, 0, sequence])
          sequence += 1
        }
        if chunk.type == "fcTL" {
          pixels.append([])
          // 20x9 pixels at (0, 0), for 1/12 second.
          #expect(
            Array(chunk.data[4...]) == [0, 0, 0, 20, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12, 0, 0])
        } else {
          #expect((chunk.type == "IDAT") == (pixels.count == 1))
          pixels[pixels.count - 1] += chunk.data.dropFirst(chunk.type == "IDAT" ? 0 : 4)
        }
      }
      #expect(pixels.count == 4)
      // Each frame's data in a plain PNG of its own, read by libpng.
      for (frame, data) in zip(frames, pixels) {
        let file =
          HandmadePNG.signature + HandmadePNG.chunk("IHDR", chunks[0].data) + HandmadePNG.chunk("IDAT", data)
          + HandmadePNG.chunk("IEND", [])
        #expect(try PixelImage(decoding: file, name: "frame") == frame)
      }
      #expect(try PixelImage(contentsOf: url) == frames[0])
    }
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    try withTemporaryFolder { folder in
      do {
        let format = VideoFormat(width: 20, height: 9, channels: 1, framesPerSecond: 12, frames: 4)
        let writer = try AnimatedPNGWriter(to: folder.appending(path: "moving.png"), format: format)
        try writer.append(picture(0, channels: 1))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func namesThatAreNone() throws {
    try withTemporaryFolder { folder in
      let format = VideoFormat(width: 2, height: 2, channels: 1, framesPerSecond: 12, frames: 4)
      for (name, words) in [("moving.avi", ".png or .apng"), ("missing/moving.png", "could not be written")] {
        let error = #expect(throws: ImagingError.self) { try format.writer(to: folder.appending(path: name)) }
        #expect(error?.description.contains(words) == true && error?.description.contains(name) == true)
      }
    }
  }
}

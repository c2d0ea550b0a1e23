import Foundation
import Imaging
import PictureFixtures
import Testing

/// Pictures as people bring them and as they are written.
@Suite struct PictureTests {
  /// A file whose upright picture is `picture`, stored on its side.
  private func onItsSide(_ picture: PixelImage) -> [UInt8] {
    let size = picture.width
    let rows = (0..<size).map { row in (0..<size).map { column in picture[x: size - 1 - row, y: column].first! } }
    return HandmadePNG(
      width: size, height: size, bitDepth: 8, colorType: .gray,
      trailingChunks: [("eXIf", ExifFixtures.tiff(orientation: 6, isBigEndian: true))], rows: rows
    ).bytes
  }

  @Test func everyVerbTakesPicturesUpright() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let picture = testPicture(64)
      let turned = try folder.write(onItsSide(picture), to: "pictures/turned.png").path
      let plain = try folder.write(picture.encodePNG(), to: "pictures/plain.png").path

      let (latents, images) = (folder.appending(path: "z.safetensors"), folder.appending(path: "images"))
      try glow("encode", "--model", run, turned, "--out", latents.path)
      try glow("decode", "--model", run, latents.path, "--out", images.path, "--files")
      #expect(try PixelImage(contentsOf: images.appending(path: "0.png")) == picture)

      let strip = folder.appending(path: "strip.png")
      try glow("interpolate", "--model", run, turned, plain, "--steps", "3", "--enlarge", "1", "--out", strip.path)
      for column in 0..<3 {
        #expect(try PixelImage(contentsOf: strip).tile(column: column, row: 0, size: 8) == picture)
      }
      // Noise differs from image to image; the size as a PNG is that of the pixels.
      let scores = try glow("score", "--model", run, turned, plain).split(separator: "\n").dropFirst()
      #expect(scores.count == 2 && Set(scores.map { $0.split(separator: ",")[2] }).count == 1, "\(scores)")

      let sheet = folder.appending(path: "sheet.png")
      for name in ["a", "b", "c"] { try folder.write(onItsSide(picture), to: "set/train/\(name).png") }
      let set = folder.appending(path: "set").path
      try glow("data", "show", set, "--out", sheet.path, "--enlarge", "1")
      #expect(try PixelImage(contentsOf: sheet).tile(column: 1, row: 0, size: 8) == picture)
    }
  }

  @Test func aSheetIsWrittenAsItsNameSays() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      func sample(_ name: String) throws -> PixelImage {
        let out = folder.appending(path: name)
        try glow("sample", "--model", run, "--count", "4", "--seed", "1", "--out", out.path)
        return try PixelImage(contentsOf: out)
      }
      let exact = try sample("sheet.png")
      let near = try sample("sheet.jpg")
      #expect(try Data(contentsOf: folder.appending(path: "sheet.jpg")).starts(with: [0xFF, 0xD8, 0xFF]))
      #expect((near.width, near.height, near.channels) == (exact.width, exact.height, exact.channels))
      let errors = zip(near.pixels, exact.pixels).map { abs(Int($0) - Int($1)) }
      #expect(errors.reduce(0, +) < 4 * errors.count)
    }
  }

  /// Before the model is read, let alone any work is done.
  @Test func otherEndingsAreRefusedAtOnce() throws {
    try withTemporaryFolder { folder in
      let place = folder.path
      let commands: [[String]] = [
        ["sample"], ["interpolate"], ["resample"], ["reconstruct"], ["decode", "z.safetensors"],
        ["attributes", "apply", "--attributes", "a.safetensors", "--attribute", "b"],
      ]
      for command in commands {
        for name in command == ["sample"] ? ["x.gif", "x.webp", "x"] : ["x.gif"] {
          try expectRefusal(
            command + ["--model", "/nowhere", "--out", "\(place)/\(name)"],
            saying: ["--out \(place)/\(name)", ".png, or in .jpg"], leaving: folder)
        }
      }
      try expectRefusal(
        ["data", "show", "/nowhere", "--out", "\(place)/x.gif"], saying: ["x.gif", ".png, or in .jpg"], leaving: folder)
      try expectRefusal(
        ["interpolate", "--model", "/nowhere", "--video", "\(place)/x.gif"],
        saying: ["--video \(place)/x.gif", ".apng", ".mp4"], leaving: folder)
    }
  }

  @Test func thePixelLimitIsAFlag() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let file = try folder.write(testPicture(1).encodePNG(), to: "a.png").path
      let out = folder.appending(path: "z.safetensors").path
      for command in [["encode", "--out", out], ["score"]] {
        let start = command + ["--model", run, file, "--pixel-limit"]
        try expectRefusal(start + ["63"], saying: [file, "8x8 pixels", "at most 63 pixels", "--pixel-limit"])
        try expectRefusal(start + ["0"], saying: ["--pixel-limit is 0", "1 or more"])
        #expect(try GlowBinary.run(start + ["64"]).status == 0)
      }
    }
  }

  @Test func formatsThatAreNotReadNameTheWayOut() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let file = try folder.write(Array("GIF89a\u{8}\0\u{8}\0".utf8), to: "a.gif").path
      try expectRefusal(["score", "--model", run, file], saying: [file, "GIF is not read", "mogrify"])
    }
  }
}

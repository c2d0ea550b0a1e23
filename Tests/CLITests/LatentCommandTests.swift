import Foundation
import Imaging
import Testing

/// encode, decode, reconstruct and interpolate.
@Suite struct LatentCommandTests {
  @Test func encodeThenDecodeGivesBackThePictures() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let pictures = try writePictures(to: folder.appending(path: "pictures"), count: 3)
      let files = pictures.names.map { pictures.appending(path: $0).path }
      let (latents, out) = (folder.appending(path: "latents.safetensors"), folder.appending(path: "out"))
      let encoded = try GlowBinary.run(["encode", "--model", run, "--out", latents.path] + files)
      #expect(encoded.status == 0, "\(encoded.errors)")
      #expect(encoded.output == "3 images encoded: \(latents.path)\n")
      try glow("decode", "--model", run, latents.path, "--out", out.path, "--files")
      #expect(out.names == ["0.png", "1.png", "2.png"])
      for (file, name) in zip(files, out.names) {
        #expect(try PixelImage(contentsOf: out.appending(path: name)) == PixelImage(contentsOf: URL(filePath: file)))
      }
      // The same pictures under another label are others.
      try glow("decode", "--model", run, latents.path, "--out", out.path, "--files", "--label", "1")
      let grid = folder.appending(path: "grid.png")
      try glow("decode", "--model", run, latents.path, "--out", grid.path, "--enlarge", "1", "--columns", "2")
      #expect(try PixelImage(contentsOf: grid).tile(column: 0, row: 1, size: 8) == testPicture(2))
    }
  }

  @Test func encodeTakesImagesOfADataSet() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let (latents, out) = (folder.appending(path: "latents.safetensors"), folder.appending(path: "out"))
      try glow("encode", "--model", model.run.path, "--out", latents.path, "--indices", "4,0")
      try glow("decode", "--model", model.run.path, latents.path, "--out", out.path, "--files")
      // writeIDX numbers the test images after the 60 for training.
      #expect(try PixelImage(contentsOf: out.appending(path: "0.png")) == testPicture(64))
      #expect(try PixelImage(contentsOf: out.appending(path: "1.png")) == testPicture(60))
    }
  }

  @Test func reconstructChangesNoPixel() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let report = try decodeJSON(glow("reconstruct", "--model", run, "--json"))
      #expect(report["images"] as? Int == 20 && report["changedValues"] as? Int == 0)
      #expect(report["values"] as? Int == 1280)
      #expect(try #require(report["roundTripError"] as? Double) < 1e-4)
      let layers = try #require(report["layers"] as? [String: [String: Double]])
      let conditions = layers.compactMapValues { $0["conditionNumber"] }
      #expect(Set(conditions.keys) == ["level1.step1.permutation", "level2.step1.permutation"])
      #expect(conditions.values.allSatisfy { $0 >= 1 && $0.isFinite })
      let scales = layers.filter { $1["smallestScale"] != nil && $1["largestScale"] != nil }
      #expect(Set(scales.keys) == ["level1.step1.coupling", "level2.step1.coupling"])

      let out = folder.appending(path: "both.png")
      let text = try glow(
        "reconstruct", "--model", run, "--limit", "3", "--out", out.path, "--enlarge", "1", "--columns", "3")
      #expect(text.hasPrefix("3 images: 0 of 192 pixel values changed\nround-trip error "))
      #expect(text.contains("condition numbers of 2 1x1 convolutions: median "))
      #expect(text.contains("coupling scales from "))
      let grid = try PixelImage(contentsOf: out)
      for column in 0..<3 {
        let picture = testPicture(60 + column * 20 / 3)
        #expect(grid.tile(column: column, row: 0, size: 8) == picture)
        #expect(grid.tile(column: column, row: 1, size: 8) == picture)
      }
    }
  }

  @Test func interpolationEndsAtTheImages() throws {
    try withTemporaryFolder { folder in
      let pictures = try writePictures(to: folder.appending(path: "pictures"), count: 3)
      let out = folder.appending(path: "strip.png")
      for model in [try TrainedRun.unlabeled(), try TrainedRun.labeled()] {
        let files = ["0.png", "1.png", "2.png"].map { pictures.appending(path: $0).path }
        let said = try glow(
          "interpolate", "--model", model.run.path, "--out", out.path, "--steps", "4", "--enlarge", "1", files[0],
          files[1], files[2])
        #expect(said == "2 interpolations of 4 images: \(out.path)\n")
        let grid = try PixelImage(contentsOf: out)
        #expect(grid.width == 42 && grid.height == 22)
        for row in 0..<2 {
          #expect(grid.tile(column: 0, row: row, size: 8) == testPicture(row))
          #expect(grid.tile(column: 3, row: row, size: 8) == testPicture(row + 1))
        }
      }
    }
  }
}

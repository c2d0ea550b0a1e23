import Foundation
import Imaging
import Testing

/// Every verb on a small model, as a user would.
@Suite(.serialized) struct VerbTests {
  let model: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    model = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  private func picture(_ name: String) throws -> PixelImage {
    try PixelImage(contentsOf: folder.url.appending(path: name))
  }

  @Test func trainLeavesCheckpointsAndMetrics() throws {
    let run = URL(filePath: model.run)
    let names = try FileManager.default.contentsOfDirectory(atPath: run.appending(path: "checkpoints").path).sorted()
    #expect(names == ["images-480", "images-640"])
    let files = try FileManager.default.contentsOfDirectory(
      atPath: run.appending(path: "checkpoints/images-640").path)
    #expect(
      Set(files) == ["checksums.json", "config.json", "model.safetensors", "training.json", "training.safetensors"])
    let lines = try String(contentsOf: run.appending(path: "metrics.jsonl"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let bits = try #require(value?["validationBitsPerDimension"] as? Double)
      #expect(bits > 0 && bits < 9)
    }
    let samples = try PixelImage(contentsOf: run.appending(path: "samples.png"))
    #expect(samples.width > 8 * 8 && samples.height > 4 * 8)
  }

  @Test func evalSaysWhatItMeasured() throws {
    let text = try glow("eval", "--model", model.run, "--baseline", "--accuracy")
    for words in [
      "bits/dim", "8 bits, test split of", "20 images, 1 dequantization sample each, averaged weights",
      "under its own label", "labeled right", "histogram per pixel",
    ] {
      #expect(text.contains(words), "\(text)")
    }
    #expect(try glow("eval", "--model", model.run, "--weights", "raw").contains("raw weights"))
  }

  @Test func evalInJSON() throws {
    func bits(_ more: String...) throws -> Double {
      let outcome = try GlowBinary.run(["eval", "--model", model.run, "--json"] + more)
      let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      let evaluation = try #require(report?["evaluation"] as? [String: Any])
      #expect(evaluation["split"] as? String == "test")
      return try #require(evaluation["bitsPerDimension"] as? Double)
    }
    let one = try bits()
    #expect(try bits() == one)
    // More draws can only tighten the bound on average; a little slack for the noise of one.
    #expect(try bits("--draws", "8") < one + 0.01)
  }

  @Test func samplesRepeatToTheByte() throws {
    for (name, seed) in [("a.png", "1"), ("b.png", "1"), ("c.png", "2")] {
      try glow(
        "sample", "--model", model.run, "--count", "6", "--columns", "3", "--enlarge", "1", "--seed", seed, "--out",
        folder.path(name))
    }
    let bytes = try ["a.png", "b.png", "c.png"].map { try Data(contentsOf: folder.url.appending(path: $0)) }
    #expect(bytes[0] == bytes[1])
    #expect(bytes[0] != bytes[2])
    let grid = try picture("a.png")
    #expect(grid.width >= 3 * 8 && grid.width < 4 * 8 + 8 && grid.height >= 2 * 8 && grid.channels == 1)
  }

  @Test func samplesOfALabel() throws {
    try glow("sample", "--model", model.run, "--count", "2", "--label", "1", "--files", "--out", folder.path("one"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("one")).sorted() == ["1-0.png", "1-1.png"])
    try glow("sample", "--model", model.run, "--count", "3", "--files", "--out", folder.path("all"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("all")).sorted()
        == ["0-0.png", "1-1.png", "2-2.png"])
  }

  @Test func encodeAndDecodeLoseNothing() throws {
    try glow("encode", "--model", model.run, "--indices", "0,3,7", "--out", folder.path("z.safetensors"))
    try glow(
      "decode", "--model", model.run, folder.path("z.safetensors"), "--files", "--out", folder.path("images"))
    for (number, index) in [0, 3, 7].enumerated() {
      #expect(try picture("images/\(number).png").pixels == TinyData.pixels(1000 + index))
    }
  }

  @Test func reconstructMeasures() throws {
    let text = try glow("reconstruct", "--model", model.run, "--limit", "8", "--out", folder.path("r.png"))
    #expect(text.contains("8 images: 0 of 512 pixel values changed"), "\(text)")
    #expect(text.contains("condition numbers of 2 1x1 convolutions"), "\(text)")
    #expect(try picture("r.png").channels == 1)
    let json = try glow("reconstruct", "--model", model.run, "--limit", "8", "--json")
    let report = try decodeJSON(json)
    let layers = try #require(report["layers"] as? [String: [String: Double]])
    #expect(try #require(layers["level1.step1.permutation"]?["conditionNumber"]) >= 1)
    #expect(try #require(report["roundTripError"] as? Double) < 1e-4)
  }

  @Test func interpolationEndsAtTheImages() throws {
    try glow(
      "interpolate", "--model", model.run, "--indices", "0,1", "--steps", "5", "--enlarge", "1", "--out",
      folder.path("strip.png"))
    let strip = try picture("strip.png")
    for (index, column) in [(0, 0), (1, 4)] {
      let expected = PixelImage(width: 8, height: 8, channels: 1, pixels: TinyData.pixels(1000 + index))
      let grid = PixelImage.grid([PixelImage](repeating: expected, count: 5), columns: 5, scale: 1)
      #expect(grid.width == strip.width && grid.height == strip.height)
      let left = column * (strip.width - 2) / 5 + 2
      let rows = (2..<10).flatMap { y in (left..<left + 8).flatMap { x in Array(strip[x: x, y: y]) } }
      #expect(rows == expected.pixels)
    }
  }

  @Test func exportedModelsScoreTheSame() throws {
    func bits(_ model: String) throws -> Double {
      let report =
        try JSONSerialization.jsonObject(
          with: Data(glow("eval", "--model", model, "--data", self.model.data, "--json").utf8)) as? [String: Any]
      return try #require((report?["evaluation"] as? [String: Any])?["bitsPerDimension"] as? Double)
    }
    let own = try bits(model.run)
    try glow("export", "--model", model.run, "--out", folder.path("full"))
    try glow("export", "--model", model.run, "--out", folder.path("half"), "--precision", "float16")
    #expect(try bits(folder.path("full")) == own)
    #expect(abs(try bits(folder.path("half")) - own) < 0.01)
  }

  @Test func pictureFilesOfAnySize() throws {
    let pictures = try TinyData.pictures(folder, count: 2, side: 12, channels: 3)
    let outcome = try GlowBinary.run(
      ["reconstruct", "--model", model.run, pictures + "/0.png", pictures + "/1.png", "--label", "2"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("12x12: cropped and resized to 8x8"), "\(outcome.errors)")
    #expect(outcome.output.contains("2 images: 0 of 128 pixel values changed"), "\(outcome.output)")
  }

  @Test func aSecondModelBeside() throws {
    try glow(
      "sample", "--model", model.run, "--beside", model.run, "--count", "4", "--columns", "2", "--out",
      folder.path("two.png"))
    try glow("sample", "--model", model.run, "--count", "4", "--columns", "2", "--out", folder.path("one.png"))
    #expect(try picture("two.png").width > 2 * picture("one.png").width)
  }

  @Test func colorFolderWithClasses() throws {
    let data = try TinyData.pictures(folder, count: 40, channels: 3, classes: true)
    let outside = try TemporaryFolder()
    let arguments = TrainedModel.small + ["--images", "96", "--labels", "prior", "--size", "4"]
    let outcome = try GlowBinary.run(["train", "--data", data, "--out", outside.path("run")] + arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("4x4x3"), "\(outcome.output)")
    #expect(try glow("eval", "--model", outside.path("run")).contains("bits/dim"))
    try glow(
      "sample", "--model", outside.path("run"), "--count", "2", "--label", "class1", "--out", outside.path("s.png"))
  }
}

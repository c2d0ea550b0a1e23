import Foundation
import Imaging
import Testing

@Suite struct AttributesTests {
  /// Folders `train` and `validation` of pictures with the attributes `bright` and `never`.
  private func pictures(in folder: URL) throws -> URL {
    let data = folder.appending(path: "pictures")
    var lines = ["file,bright,never"]
    for (split, numbers) in [("train", 0..<30), ("validation", 30..<42), ("test", 42..<46)] {
      for number in numbers {
        let picture = testPicture(number)
        let isBright = number % 4 < 2
        let pixels = picture.pixels.map { isBright ? UInt8(min(255, Int($0) + 40)) : $0 }
        try data.write(
          PixelImage(width: 8, height: 8, channels: 1, pixels: pixels).encodePNG(), to: "\(split)/\(number).png")
        lines.append("\(split)/\(number).png,\(number == 7 ? "" : isBright ? "1" : "0"),0")
      }
    }
    try data.write(Array(lines.joined(separator: "\n").utf8), to: "attributes.csv")
    return data
  }

  @Test func fitListAndApply() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let data = try pictures(in: folder).path
      let (file, out) = (folder.appending(path: "attributes.safetensors").path, folder.appending(path: "out.png"))
      let fit = try GlowBinary.run(["attributes", "fit", "--model", run, "--data", data, "--out", file])
      #expect(
        fit.status == 0 && fit.errors.contains("\"never\" is left out: 0 images with it, 30 without"), "\(fit.errors)")
      #expect(fit.output.hasSuffix("1 attribute: \(file)\n"))
      let report = try decodeJSON(glow("attributes", "list", file, "--json"))
      let attribute = try #require((report["attributes"] as? [[String: Any]])?.first)
      #expect(attribute["name"] as? String == "bright" && attribute["unknown"] as? Int == 1)
      #expect(attribute["with"] as? Int == 16 && attribute["without"] as? Int == 13)
      #expect(attribute["heldOutWith"] as? Int == 6 && attribute["heldOutWithout"] as? Int == 6)
      let areas = try #require(attribute["areaUnderROC"] as? [String: Double])
      #expect(areas["mean"]! > 0.8 && areas["discriminant"]! > 0.8, "\(areas)")

      // Among all that are bright or are not known to be, none is without.
      try expectRefusal(
        [
          "attributes", "fit", "--model", run, "--data", data, "--out", file, "--attribute", "bright", "--among",
          "bright",
        ],
        saying: ["bright", "16 images with and 0 without"])
      try expectRefusal(
        ["attributes", "fit", "--model", run, "--data", data, "--out", file, "--among", "never"],
        saying: ["no image of the train split has any of never"])
      let listed = try glow("attributes", "list", file).split(separator: "\n")
      #expect(listed.last?.hasPrefix("bright") == true && listed[0].hasPrefix("of model "))

      func apply(_ flags: String...) throws -> PixelImage {
        let outcome = try GlowBinary.run(
          [
            "attributes", "apply", "--model", run, "--attributes", file, "--data", data, "--out", out.path, "--enlarge",
            "1",
          ] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try PixelImage(contentsOf: out)
      }
      let original = try PixelImage(contentsOf: URL(filePath: data).appending(path: "test/42.png"))
      func mean(_ image: PixelImage) -> Int { image.pixels.reduce(0) { $0 + Int($1) } / image.pixels.count }
      // A strip an image, below a line of strengths: brighter from left to right, as it is in the middle.
      let strip = try apply("--attribute", "bright", "--steps", "3", "--limit", "2")
      #expect(strip.width == 32 && strip.height == 22 + 9)
      let cells = (0..<3).map { strip.shifted(down: 9).tile(column: $0, row: 0, size: 8) }
      #expect(cells[1] == original)
      #expect(mean(cells[0]) < mean(cells[1]) && mean(cells[1]) < mean(cells[2]))
      let few = try GlowBinary.run(
        [
          "attributes", "fit", "--model", run, "--data", data, "--direction", "regression", "--out",
          file + "-few.safetensors",
        ])
      #expect(few.status == 0 && few.output.contains("joint") && !few.output.contains("linear"), "\(few)")
      // One strength: beside the original.
      let pair = try apply("--attribute", "Bright=1", "--limit", "1", "--direction", "mean")
      #expect(pair.shifted(down: 9).tile(column: 0, row: 0, size: 8) == original)
      #expect(pair.shifted(down: 9).tile(column: 1, row: 0, size: 8) == cells[2])
      // Twice the same: the second goes down, and both add up.
      let grid = try apply("--attribute", "bright", "--attribute", "bright", "--steps", "3", "--strength", "-1...1")
      #expect(grid.height > 4 * 41)
      // Each in a strip, with its name left of it.
      let strips = try apply(
        "--attribute", "bright", "--attribute", "Bright", "--steps", "3", "--limit", "1", "--strips")
      #expect(strips.height == 22 + 9 && strips.width > 32)
      let left = strips.width - 32
      for row in 0..<2 {
        for (column, cell) in cells.enumerated() {
          let there = strips.shifted(down: 9).tile(column: column, row: row, size: 8, right: left)
          #expect(there == cell, "row \(row), column \(column)")
        }
      }
    }
  }

  @Test func classesAreAttributes() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let (file, out) = (folder.appending(path: "z.safetensors").path, folder.appending(path: "out.png").path)
      try glow("attributes", "fit", "--model", model.run.path, "--label", "1", "--attribute", "2", "--out", file)
      let start = ["attributes", "apply", "--model", model.run.path, "--attributes", file, "--out", out]
      try expectRefusal(
        start + ["--attribute", "2", "--label", "0"], saying: ["--label 0", "under 1"], leaving: folder)
      try glow("attributes", "apply", "--model", model.run.path, "--attributes", file, "--attribute", "2", "--out", out)
      #expect(try PixelImage(contentsOf: URL(filePath: out)).height > 4 * 18)
    }
  }

  @Test func badRequests() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let data = try pictures(in: folder).path
      let (file, out) = (folder.appending(path: "z.safetensors").path, folder.appending(path: "out.png").path)
      try glow("attributes", "fit", "--model", run, "--data", data, "--attribute", "bright", "--out", file)
      let fit = ["attributes", "fit", "--model", run, "--out", folder.path + "/fit.safetensors", "--data"]
      let apply = ["attributes", "apply", "--model", run, "--data", data, "--out", out, "--attributes"]
      let plain = try writePictures(to: folder.appending(path: "plain")).path
      let wrong = try TrainedRun.labeled().run.path
      let requests: [([String], [String])] = [
        (fit + [data, "--attribute", "never"], ["\"never\" has 0 images with and 30 without", "train", "pictures"]),
        (fit + [data, "--attribute", "blue"], ["\"blue\"", "bright, never"]),
        (fit + [plain], ["plain", "attributes.csv"]), (fit + [data, "--limit", "0"], ["--limit is 0"]),
        (fit + [data, "--label", "0"], ["--label 0", "no labels"]),
        (apply + [file, "--attribute", "blue"], ["\"blue\"", "bright"]),
        (apply + [file, "--attribute", "bright=much"], ["bright=much", "\"much\" is no number"]),
        (apply + [file, "--attribute", "bright=nan"], ["bright=nan", "no number"]),
        (apply + [file, "--attribute", "bright", "--strength", "1...x"], ["1...x", "--strength"]),
        (apply + [file, "--attribute", "bright", "--attribute", "bright", "--attribute", "bright"], ["two at most"]),
        (apply + [file, "--attribute", "bright=1", "--strips"], ["--strips draws attributes without a strength"]),
        (apply + [file], ["--attribute"]), (apply + [data, "--attribute", "bright"], [data]),
        (
          ["attributes", "apply", "--model", wrong, "--attributes", file, "--attribute", "bright", "--out", out],
          [file, "another model", "glow attributes fit"]
        ),
        (["attributes", "list", folder.path + "/none"], ["none"]),
        (
          ["attributes", "list", run + "/checkpoints/images-320/model.safetensors"],
          ["model.safetensors", "no directions"]
        ),
      ]
      for (arguments, words) in requests { try expectRefusal(arguments, saying: words, leaving: folder) }
    }
  }

  /// A model that is told attributes: trained, scored, sampled, and images changed by telling it others.
  @Test func aModelThatIsToldAttributes() throws {
    try withTemporaryFolder { folder in
      let data = try pictures(in: folder).path
      let (run, out) = (folder.appending(path: "run"), folder.appending(path: "out.png").path)
      let train = tinyTraining("masked-glow-toy", on: data, to: run, images: 64) + ["--levels", "1"]
      for (flags, words) in [
        (["--condition", "dark"], ["--condition dark is none of the images' attributes: bright, never"]),
        (["--condition", "bright,Bright"], ["--condition bright,Bright names an attribute twice"]),
        (["--condition", "bright", "--labels", "everywhere"], ["--labels everywhere and --condition"]),
        (["--condition-dropout", "0.5"], ["--condition-dropout is for a model that is conditioned on attributes"]),
        (["--condition", "all", "--condition-dropout", "2"], ["--condition-dropout is 2, expected 0 to 1"]),
      ] as [([String], [String])] { try expectRefusal(train + flags, saying: words) }
      let trained = try GlowBinary.run(train + ["--condition", "Bright"])
      #expect(trained.status == 0 && trained.output.contains("; the model is told 1 of the attributes"), "\(trained)")

      let start = ["--model", run.path, "--data", data]
      #expect(try glow(["eval"] + start).contains("each image under its own attributes"))
      func sample(_ flags: String...) throws -> PixelImage {
        try glow(["sample", "--model", run.path, "--count", "4", "--out", out] + flags)
        return try PixelImage(contentsOf: URL(filePath: out))
      }
      let sheets = [try sample(), try sample("--with", "bright"), try sample("--without", "bright")]
      #expect(sheets[0] != sheets[1] && sheets[1] != sheets[2] && sheets[0] != sheets[2])
      #expect(try sample("--others", "0") != sheets[0] && sample("--others", "0", "--with", "bright") == sheets[1])
      try expectRefusal(
        ["sample", "--model", TrainedRun.unlabeled().run.path, "--out", out, "--others", "1"],
        saying: ["--others: the model is not conditioned on attributes"])
      // A model with labels, too, does not pass over what is said.
      for other in [try TrainedRun.unlabeled(), try TrainedRun.labeled()] {
        for flag in ["--with", "--without"] {
          try expectRefusal(
            ["sample", "--model", other.run.path, "--out", out, flag, "bright"],
            saying: ["bright is asked for", "the model is not conditioned on attributes"])
        }
      }
      #expect(try sample("--with", "bright=1") == sheets[1] && sample("--with", "bright=3") != sheets[1])
      for (flags, words) in [
        (["--others", "11"], "--others is 11, expected 0 to 10"),
        (["--with", "dark"], "attribute dark is none of the model's: bright"),
        (["--with", "dark=2"], "attribute dark=2 is none of the model's: bright"),
        (["--with", "bright=strong"], "--with bright=strong: the strength is no number above 0 and up to 10"),
        (["--without", "bright=-2"], "--without bright=-2: the strength is no number above 0 and up to 10"),
        (["--with", "bright=2,bright"], "attribute bright is said with the strengths 2 and 1: say one of both"),
      ] { try expectRefusal(["sample", "--model", run.path, "--out", out] + flags, saying: [words]) }

      // The picture itself, beside the same latents under another condition.
      let original = try PixelImage(contentsOf: URL(filePath: data).appending(path: "test/42.png"))
      try glow(
        ["attributes", "apply"] + start + ["--limit", "1", "--without", "bright", "--out", out, "--enlarge", "1"])
      let pair = try PixelImage(contentsOf: URL(filePath: out)).shifted(down: 9)
      #expect(pair.tile(column: 0, row: 0, size: 8) == original && pair.tile(column: 1, row: 0, size: 8) == original)
      try glow(["attributes", "apply"] + start + ["--limit", "1", "--with", "bright", "--out", out, "--enlarge", "1"])
      #expect(
        try PixelImage(contentsOf: URL(filePath: out)).shifted(down: 9).tile(column: 1, row: 0, size: 8) != original)
      try glow(["attributes", "apply"] + start + ["--attribute", "bright", "--out", out])

      // Two edits, there and back: the first and the last frame are the picture itself.
      let video = folder.appending(path: "edits.png")
      let moving = try glow(
        ["attributes", "apply"] + start + [
          "--limit", "1", "--with", "bright", "--attribute", "bright=0.5", "--video", video.path, "--seconds", "0.5",
          "--fps", "10", "--enlarge", "2",
        ])
      #expect(moving == "5 frames, 10 a second: \(video.path)\n")
      #expect(try frames(in: video) == 5)
      try expectRefusal(
        ["attributes", "apply"] + start + ["--with", "bright"], saying: ["nothing to write", "--out", "--video"])

      let latents = folder.appending(path: "z.safetensors").path
      try glow(["encode"] + start + ["--limit", "1", "--out", latents])
      for (flags, isSame) in [([], true), (["--with", "bright"], false)] as [([String], Bool)] {
        try glow(["decode", "--model", run.path, latents, "--out", out, "--enlarge", "1", "--columns", "1"] + flags)
        #expect((try PixelImage(contentsOf: URL(filePath: out)).tile(column: 0, row: 0, size: 8) == original) == isSame)
      }
      // Of a picture by itself the likeliest attributes are taken, and that is said.
      let alone = try GlowBinary.run(
        ["reconstruct", "--model", run.path, URL(filePath: data).appending(path: "test/42.png").path])
      #expect(alone.status == 0 && alone.errors.contains("each is taken to have those that are most likely"))
      try expectRefusal(
        ["attributes", "apply", "--model", TrainedRun.unlabeled().run.path, "--with", "bright", "--out", out],
        saying: ["the model is not conditioned on attributes"])
      let fit = folder.appending(path: "directions.safetensors").path
      try glow(["attributes", "fit"] + start + ["--attribute", "bright", "--out", fit])
      try expectRefusal(
        ["attributes", "apply"] + start + ["--attributes", fit, "--with", "bright", "--out", out],
        saying: ["leave --attributes out"])
      try glow(["attributes", "apply"] + start + ["--attributes", fit, "--attribute", "bright", "--out", out])
    }
  }
}

extension PixelImage {
  /// Without the rows above `down`.
  fileprivate func shifted(down: Int) -> PixelImage {
    PixelImage(
      width: width, height: height - down, channels: channels, pixels: Array(pixels[(down * width * channels)...]))
  }
}

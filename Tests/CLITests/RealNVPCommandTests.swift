import Foundation
import Imaging
import Testing

/// Every verb on a RealNVP.
@Suite struct RealNVPCommandTests {
  private func training(_ data: String, _ run: URL, images: Int = 320, _ flags: [String]) -> [String] {
    [
      "train", "--data", data, "--out", run.path, "--images", "\(images)", "--steps", "1", "--hidden", "4", "--batch",
      "16", "--lr", "0.01", "--warmup", "0", "--decay", "none", "--seed", "1",
    ] + flags
  }

  @Test func trainingSaysWhatItDoes() throws {
    let model = try TrainedRun.realNVP()
    let config = try model.checkpoint.appending(path: "config.json").json()
    #expect(config["model"] as? String == "realnvp" && config["glow"] == nil)
    let fields = try #require(config["realnvp"] as? [String: Any])
    #expect(fields["levels"] as? Int == 2 && fields["blocks"] as? Int == 1 && fields["couplings"] as? Int == 1)
    #expect(fields["height"] as? Int == 8 && fields["channels"] as? Int == 1)
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let output = try GlowBinary.run(
        training(model.data, run, images: 32, ["--family", "realnvp", "--levels", "1", "--blocks", "2"]))
      #expect(output.status == 0, "\(output.errors)")
      #expect(output.output.contains("RealNVP levels=1 couplings=1 blocks=2 hidden=4, on 55 images 8x8x1"))
      #expect(output.output.contains(" parameters; activations rebuilt; run folder "))
      #expect(!output.errors.contains("condition number"))
    }
  }

  @Test func evaluation() throws {
    let model = try TrainedRun.realNVP()
    let report = try decodeJSON(glow("eval", "--model", model.run.path, "--json", "--accuracy"))
    let evaluation = try #require(report["evaluation"] as? [String: Any])
    #expect(evaluation["images"] as? Int == 20 && evaluation["conditional"] as? Bool == false)
    #expect(try #require(evaluation["bitsPerDimension"] as? Double).isFinite && evaluation["accuracy"] == nil)
    #expect(report["weights"] as? String == "raw", "there is no average")
    let raw = try glow("eval", "--model", model.run.path, "--weights", "raw", "--draws", "2", "--baseline")
    #expect(raw.contains("2 dequantization samples each, raw weights") && raw.contains("a histogram per pixel"))
  }

  @Test func samples() throws {
    try withTemporaryFolder { folder in
      let (model, other) = (try TrainedRun.realNVP().run.path, try TrainedRun.unlabeled().run.path)
      let grids = try (0..<2).map { number in
        let grid = folder.appending(path: "\(number).png")
        try glow("sample", "--model", model, "--count", "4", "--seed", "3", "--out", grid.path)
        return try Data(contentsOf: grid)
      }
      #expect(grids[0] == grids[1])
      let beside = folder.appending(path: "beside.png")
      try glow("sample", "--model", other, "--beside", model, "--count", "4", "--out", beside.path)
      #expect(try PixelImage(contentsOf: beside).width > PixelImage(contentsOf: folder.appending(path: "0.png")).width)
      try glow("sample", "--model", model, "--count", "2", "--files", "--out", folder.appending(path: "files").path)
      #expect(folder.appending(path: "files").names == ["sample-0.png", "sample-1.png"])
    }
  }

  @Test func analyses() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.realNVP().run.path
      let (file, out) = (folder.appending(path: "z.safetensors").path, folder.appending(path: "out.png").path)
      try glow("attributes", "fit", "--model", run, "--out", file)
      try glow("attributes", "apply", "--model", run, "--attributes", file, "--attribute", "1", "--out", out)
      try glow("interpolate", "--model", run, "--indices", "0,1", "--path", "spherical", "--fps", "2", "--video", out)
      try glow("resample", "--model", run, "--out", out)
      try expectRefusal(
        [
          "attributes", "apply", "--model", TrainedRun.unlabeled().run.path, "--attributes", file, "--attribute", "1",
          "--out", out,
        ],
        saying: [file, "another model"], leaving: folder)
      let scores = try glow("score", "--model", run, "--reference", "\(TrainedRun.realNVP().data):test")
      #expect(scores.split(separator: "\n").count == 21)
      #expect(try glow("quality", "--model", run).contains("by their pixels"))
    }
  }

  @Test func latents() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.realNVP().run.path
      let (latents, out) = (folder.appending(path: "latents.safetensors"), folder.appending(path: "out"))
      try glow("encode", "--model", run, "--out", latents.path, "--indices", "4,0")
      try glow("decode", "--model", run, latents.path, "--out", out.path, "--files")
      // writeIDX numbers the test images after the 60 for training.
      #expect(try PixelImage(contentsOf: out.appending(path: "0.png")) == testPicture(64))
      #expect(try PixelImage(contentsOf: out.appending(path: "1.png")) == testPicture(60))

      let report = try decodeJSON(glow("reconstruct", "--model", run, "--json"))
      #expect(report["images"] as? Int == 20 && report["changedValues"] as? Int == 0)
      let text = try glow("reconstruct", "--model", run)
      #expect(text.contains("round-trip error ") && text.contains("coupling scales from "))
      #expect(!text.contains("condition numbers"))

      let strip = folder.appending(path: "strip.png")
      try glow("interpolate", "--model", run, "--indices", "0,1", "--steps", "3", "--enlarge", "1", "--out", strip.path)
      #expect(try PixelImage(contentsOf: strip).tile(column: 0, row: 0, size: 8) == testPicture(60))
      #expect(try PixelImage(contentsOf: strip).tile(column: 2, row: 0, size: 8) == testPicture(61))

      // Latents of a Glow are no latents of a RealNVP.
      try expectRefusal(
        ["decode", "--model", try TrainedRun.unlabeled().run.path, latents.path, "--out", out.path + ".png"],
        saying: ["latents.safetensors", "latents of another model"])
    }
  }

  @Test func exportedAndResumed() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.realNVP()
      let exported = folder.appending(path: "exported")
      try glow("export", "--model", model.run.path, "--out", exported.path)
      let scores = try [model.run, exported].map {
        try glow("eval", "--model", $0.path, "--data", model.data).split(separator: "\n")[0]
      }
      #expect(scores[0] == scores[1])

      let run = folder.appending(path: "run")
      let flags = ["--family", "realnvp", "--preset", "realnvp-toy"]
      #expect(try GlowBinary.run(training(model.data, run, images: 160, flags)).status == 0)
      try glow("train", "--resume", run.path, "--images", "320")
      let files = [run, model.run].map { $0.appending(path: "checkpoints/images-320/model.safetensors") }
      #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
    }
  }

  @Test(arguments: [
    (["--family", "realnvp", "--permutation", "reverse"], ["--permutation", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--labels", "prior"], ["--labels", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--classifier"], ["--classifier", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--memory", "keep"], ["--memory has", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--memory-budget", "1GB"], ["--memory-budget", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--precision", "bf16"], ["--precision", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--weight-y", "0.1"], ["--weight-y", "no meaning for a RealNVP"]),
    (["--family", "realnvp", "--levels", "5"], ["height is 8, expected a multiple of 16"]),
    (["--family", "realnvp", "--blocks", "999"], ["blocks is 999", "0 to 256"]),
    (["--family", "realnvp", "--preset", "toy"], ["--preset toy is a preset of glow", "realnvp, realnvp-toy"]),
    (["--preset", "realnvp-toy", "--family", "glow"], ["--preset realnvp-toy is a preset of realnvp", "demo"]),
    (["--preset", "toy", "--blocks", "2"], ["--blocks", "no meaning for a Glow"]),
    (["--family", "realnvp", "--average", "64"], ["--average is 64, expected 0"]),
    (["--model", "nice"], ["nice", "glow", "realnvp"]),
    (
      ["--pixel-steps", "2"],
      ["--pixel-steps has no meaning for a Glow", "choose a family that has it: --family masked-glow"]
    ),
  ]) func refusals(flags: [String], words: [String]) throws {
    try withTemporaryFolder { folder in
      try expectRefusal(
        training(try TrainedRun.realNVP().data, folder.appending(path: "run"), flags), saying: words, leaving: folder)
    }
  }

  @Test func labelsAreRefused() throws {
    let run = try TrainedRun.realNVP().run.path
    try expectRefusal(
      ["sample", "--model", run, "--label", "1", "--out", "/proc/out.png"], saying: ["--label 1", "no labels"])
    try expectRefusal(["eval", "--model", run, "--precision", "bf16"], saying: ["a RealNVP multiplies no bf16"])
    try expectRefusal(["train", "--resume", run, "--family", "realnvp"], saying: ["only --images may be given"])
  }
}

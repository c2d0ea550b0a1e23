import Foundation
import Imaging
import Testing

/// Every verb on a MaskedGlow.
@Suite struct MaskedGlowCommandTests {
  @Test func trainingSaysWhatItDoes() throws {
    let model = try TrainedRun.maskedGlow()
    let config = try model.checkpoint.appending(path: "config.json").json()
    let fields = try #require(config["masked-glow"] as? [String: Any])
    #expect(config["model"] as? String == "masked-glow" && fields["pixelSteps"] as? Int == 2)
    #expect((fields["glow"] as? [String: Any])?["classNames"] as? [String] == ["0", "1", "2"])
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let flags = ["--pixel-steps", "3", "--pixel-hidden", "6", "--levels", "1", "--labels", "none"]
      let output = try GlowBinary.run(tinyTraining("masked-glow-toy", on: model.data, to: run, images: 32) + flags)
      #expect(output.status == 0, "\(output.errors)")
      #expect(output.output.contains("MaskedGlow L=1 K=1 hidden=8, after 3 pixel steps of 6, on 55 images 8x8x1"))
    }
  }

  @Test func evaluation() throws {
    let run = try TrainedRun.maskedGlow().run.path
    let report = try decodeJSON(glow("eval", "--model", run, "--json", "--accuracy"))
    let evaluation = try #require(report["evaluation"] as? [String: Any])
    #expect(evaluation["images"] as? Int == 20 && evaluation["conditional"] as? Bool == true)
    #expect(try #require(evaluation["bitsPerDimension"] as? Double).isFinite && evaluation["accuracy"] != nil)
    #expect(try glow("score", "--model", run, "--reference", "\(TrainedRun.maskedGlow().data):test").contains("bits"))
  }

  @Test func samplesAndEdits() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.maskedGlow().run.path
      let grids = try (0..<2).map { number in
        let grid = folder.appending(path: "\(number).png")
        try glow("sample", "--model", run, "--count", "4", "--seed", "3", "--label", "1", "--out", grid.path)
        return try Data(contentsOf: grid)
      }
      #expect(grids[0] == grids[1])
      let (file, out) = (folder.appending(path: "z.safetensors").path, folder.appending(path: "out.png").path)
      try glow("attributes", "fit", "--model", run, "--out", file)
      try glow("attributes", "apply", "--model", run, "--attributes", file, "--attribute", "1", "--out", out)
      try glow("resample", "--model", run, "--out", folder.appending(path: "levels.png").path)
    }
  }

  @Test func latents() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.maskedGlow().run.path
      let (latents, out) = (folder.appending(path: "latents.safetensors"), folder.appending(path: "out"))
      try glow("encode", "--model", run, "--out", latents.path, "--indices", "4,0")
      try glow("decode", "--model", run, latents.path, "--out", out.path, "--files")
      // writeIDX numbers the test images after the 60 for training.
      #expect(try PixelImage(contentsOf: out.appending(path: "0.png")) == testPicture(64))
      let report = try decodeJSON(glow("reconstruct", "--model", run, "--json"))
      #expect(report["images"] as? Int == 20 && report["changedValues"] as? Int == 0)

      let strip = folder.appending(path: "strip.png")
      try glow("interpolate", "--model", run, "--indices", "0,1", "--steps", "3", "--enlarge", "1", "--out", strip.path)
      #expect(try PixelImage(contentsOf: strip).tile(column: 0, row: 0, size: 8) == testPicture(60))
      #expect(try PixelImage(contentsOf: strip).tile(column: 2, row: 0, size: 8) == testPicture(61))
    }
  }

  @Test func exportedAndResumed() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.maskedGlow()
      let exported = folder.appending(path: "model")
      try glow("export", "--model", model.run.path, "--out", exported.path)
      let run = try model.run.copied(to: folder, as: "run")
      try glow("train", "--resume", run.path, "--images", "352")
      #expect(run.appending(path: "checkpoints").names.contains("images-352"))
      let scores = try [model.run, exported].map {
        try glow("eval", "--model", $0.path, "--data", model.data).split(separator: "\n")[0]
      }
      #expect(scores[0] == scores[1])
    }
  }

  @Test(arguments: [
    (["--pixel-steps", "0"], ["--pixel-steps is 0", "1 to 256"]),
    (["--blocks", "2"], ["--blocks", "no meaning for a MaskedGlow"]),
    (["--levels", "5"], ["height is 8, expected a multiple of 32"]),
  ]) func refusals(flags: [String], words: [String]) throws {
    try withTemporaryFolder { folder in
      try expectRefusal(
        tinyTraining("masked-glow-toy", on: TrainedRun.maskedGlow().data, to: folder.appending(path: "run")) + flags,
        saying: words, leaving: folder)
    }
  }
}

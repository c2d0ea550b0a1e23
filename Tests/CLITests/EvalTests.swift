import Foundation
import Testing

@Suite struct EvalTests {
  @Test func text() throws {
    let model = try TrainedRun.labeled()
    let text = try glow("eval", "--model", model.run.path, "--baseline", "--accuracy")
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.count == 5, "\(text)")
    #expect(lines[0].wholeMatch(of: /\d\.\d{4} ± 0\.\d{4} bits\/dim/) != nil)
    #expect(
      lines[1] == "8 bits, test split of idx, 20 images, 1 dequantization sample each, averaged weights")
    #expect(lines[2] == "each image under its own label; without labels at most 0.0248 more")
    #expect(lines[3].wholeMatch(of: /\d+\.\d\d% of the images are labeled right/) != nil)
    #expect(lines[4].wholeMatch(of: /\d\.\d{4} bits\/dim: a histogram per pixel of the training images/) != nil)
  }

  @Test func json() throws {
    let model = try TrainedRun.labeled()
    let report = try decodeJSON(
      glow("eval", "--model", model.run.path, "--json", "--baseline", "--accuracy", "--split", "train", "--limit", "7"))
    #expect(report["model"] as? String == model.run.path)
    #expect(report["data"] as? String == "idx")
    #expect(report["weights"] as? String == "averaged")
    #expect(try #require(report["histogramBaseline"] as? Double) > 0)
    let evaluation = try #require(report["evaluation"] as? [String: Any])
    #expect(evaluation["split"] as? String == "train")
    #expect(evaluation["images"] as? Int == 7)
    #expect(evaluation["draws"] as? Int == 1)
    #expect(evaluation["bits"] as? Int == 8)
    #expect(evaluation["conditional"] as? Bool == true)
    #expect((0...1).contains(try #require(evaluation["accuracy"] as? Double)))
    #expect((1...8).contains(try #require(evaluation["bitsPerDimension"] as? Double)))
    #expect(try #require(evaluation["standardError"] as? Double) > 0)
  }

  @Test func theSeedDecidesTheNoise() throws {
    let run = try TrainedRun.unlabeled().run.path
    let first = try bitsPerDimension(run)
    #expect(try bitsPerDimension(run, "--seed", "0") == first)
    #expect(try bitsPerDimension(run, "--seed", "1") != first)
  }

  @Test func rawWeightsAreOthers() throws {
    let run = try TrainedRun.unlabeled().run.path
    let averaged = try bitsPerDimension(run)
    #expect(try bitsPerDimension(run, "--weights", "raw") != averaged)
  }

  @Test func aCheckpointAndItsRunAreTheSameModel() throws {
    let model = try TrainedRun.unlabeled()
    #expect(try bitsPerDimension(model.checkpoint.path) == bitsPerDimension(model.run.path))
  }

  @Test func theErrorOfOneImageIsUnknown() throws {
    let run = try TrainedRun.unlabeled().run.path
    let text = try glow("eval", "--model", run, "--limit", "1")
    #expect(!text.contains("±") && text.contains("1 image (the error of one is not known)"), "\(text)")
    let report = try decodeJSON(glow("eval", "--model", run, "--limit", "1", "--json"))
    #expect((report["evaluation"] as? [String: Any])?["standardError"] == nil)
    #expect(report["checkpoint"] as? String == "images-320")
  }

  /// Every refusal says what to do.
  @Test func refusalsNameTheWayOut() throws {
    let labeled = try TrainedRun.labeled().run.path
    let exported = try TemporaryFolder()
    let pictures = try TemporaryFolder()
    let flat = try TinyData.pictures(pictures, channels: 1)
    try glow("export", "--model", labeled, "--out", exported.path("model"))
    for (arguments, words) in [
      (
        ["eval", "--model", labeled, "--data", flat],
        ["have no labels", "of the labels 0, 1, 2", "glow score", "--data"]
      ),
      (["score", "--model", labeled, "--data", flat, "--label", "own"], ["--label own", "--label any"]),
      (["eval", "--model", exported.path("model"), "--weights", "raw"], ["--weights raw", "checkpoints of a run"]),
      (["quality", "--model", labeled, "--neighbor-count", "20"], ["20 images", "--split", "--data"]),
      (["interpolate", "--model", labeled, "--indices", "1", "--out", "/proc/out.png"], ["two images", "--indices"]),
    ] { try expectRefusal(arguments, saying: words) }
    let large = try TinyData.pictures(exported, count: 1, side: 12, channels: 1)
    try expectRefusal(["score", "--model", labeled, large + "/0.png"], "is 12x12 pixels, the model takes 8x8", "--fit")
    let unlabeled = try TrainedRun.unlabeled().run.path
    #expect(try GlowBinary.run(["eval", "--model", unlabeled, "--accuracy"]).errors.contains("--accuracy is left out"))
  }

  @Test func fewerBitsHaveTheirOwnBaseline() throws {
    try withTemporaryFolder { folder in
      let data = "idx:\(try writeIDX(to: folder.appending(path: "data")).path)"
      let run = folder.appending(path: "run")
      #expect(try GlowBinary.run(tinyTraining(on: data, to: run, images: 32) + ["--bits", "2"]).status == 0)
      let report = try decodeJSON(glow("eval", "--model", run.path, "--json", "--baseline"))
      #expect(try #require(report["histogramBaseline"] as? Double) < 2)
    }
  }
}

/// What `glow eval` measures of a model.
func bitsPerDimension(_ model: String, _ flags: String...) throws -> Double {
  let output = try GlowBinary.run(["eval", "--model", model, "--json"] + flags)
  let evaluation = try decodeJSON(output.output)["evaluation"] as? [String: Any]
  return try #require(evaluation?["bitsPerDimension"] as? Double, "\(output.errors)")
}

import Foundation
import Imaging
import Testing

/// A family of models that this package does not know, `Tests/ThirdFamily`, in every verb of the program.
@Suite struct ThirdFamilyTests {
  private let program = GlowBinary.url.deletingLastPathComponent().appending(path: "glow-with-nice")

  @discardableResult
  private func nice(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let outcome = try GlowBinary.run(arguments, program: program)
    #expect(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
    return outcome.output
  }

  private func refusal(_ arguments: String...) throws -> String {
    let outcome = try GlowBinary.run(arguments, program: program)
    #expect(outcome.status != 0, "\(arguments)")
    return outcome.errors
  }

  private func train(_ data: String, _ run: String, images: Int) throws -> String {
    try nice(
      "train", "--model", "nice", "--data", data, "--out", run, "--images", "\(images)", "--steps", "2", "--hidden",
      "8",
      "--batch", "16", "--warmup", "0", "--decay", "none", "--validate-every", "160", "--checkpoint-every", "160",
      "--seed", "3")
  }

  @Test func everyVerb() throws {
    try withTemporaryFolder { folder in
      let images = try TemporaryFolder()
      let data = try TinyData.idx(images)
      let path = { (name: String) in folder.appending(path: name).path }
      let output = try train(data, path("whole"), images: 320)
      #expect(output.contains("NICE couplings=2 hidden=8, on 110 images 8x8x1"))
      #expect(output.contains(" parameters; activations rebuilt; run folder "))

      // Stopped and resumed is never stopped.
      _ = try train(data, path("parts"), images: 160)
      #expect(try nice("resume", path("parts"), "--images", "320").contains("Going on with \(path("parts")) after 160"))
      let weights = try ["whole", "parts"].map {
        try Data(contentsOf: folder.appending(path: "\($0)/checkpoints/images-320/model.safetensors"))
      }
      #expect(weights[0] == weights[1])

      let report = try decodeJSON(nice("eval", "--model", path("parts"), "--json"))
      let evaluation = try #require(report["evaluation"] as? [String: Any])
      #expect(try #require(evaluation["bitsPerDimension"] as? Double) < 8)
      try nice("sample", "--model", path("parts"), "--count", "4", "--out", path("samples.png"))
      #expect(try PixelImage(contentsOf: folder.appending(path: "samples.png")).width > 8)
      let back = try decodeJSON(nice("reconstruct", "--model", path("parts"), "--json"))
      #expect(back["changedValues"] as? Int == 0)
      try nice("export", "--model", path("parts"), "--out", path("model"))
      let config = try folder.appending(path: "model/config.json").json()
      #expect(config["model"] as? String == "nice" && (config["nice"] as? [String: Any])?["couplings"] as? Int == 2)
      #expect(try nice("status", path("parts")).contains("NICE couplings=2 hidden=8"))

      // The program as it is does not know the family, and says which it knows.
      try expectRefusal(
        ["eval", "--model", path("model")], "\"nice\", expected \"glow\" or \"realnvp\" or \"masked-glow\"")
    }
  }

  @Test func flagsFollowTheFamily() throws {
    let help = try nice("help", "train")
    #expect(help.contains("--scaled/--no-scaled") && help.contains("Of NICE: scale the channels."))
    let words = help.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains("(values: glow, realnvp, masked-glow, nice)"))
    #expect(words.contains("of RealNVP, couplings of each kind per level; of NICE, couplings"), "\(words)")
    for flag in [
      ["--permutation", "reverse"], ["--weight-y", "1"], ["--memory", "keep"], ["--labels", "prior"],
      ["--precision", "bf16"],
    ] {
      let outcome = try GlowBinary.run(
        ["train", "--model", "nice", "--data", "idx:/nowhere", "--out", "/nowhere"] + flag, program: program)
      #expect(outcome.errors.contains("\(flag[0]) has no meaning for a NICE: leave it out"), "\(outcome.errors)")
    }
    #expect(try refusal("train", "--model", "nice", "--preset", "demo", "--out", "/nowhere").contains("preset of glow"))
  }
}

import Foundation
import Testing

/// Training that goes wrong.
@Suite struct DivergenceTests {
  @Test(arguments: [
    ["--warmup", "3200", "--levels", "2"], ["--warmup", "32000", "--levels", "2", "--scale", "exponential"],
  ]) func aLossThatIsNotFiniteLeavesAGoodCheckpoint(flags: [String]) throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      // The learning rate rises until no model survives it.
      let arguments =
        tinyTraining(on: try TrainedRun.labeled().data, to: run, images: 1_000_000)
        + ["--lr", "9.9", "--clip", "0", "--average", "0", "--checkpoint-every", "80", "--roll-backs", "0"] + flags
      try expectRefusal(
        arguments, saying: ["after", "images: ", "\(run.path)/checkpoints/images-", "is intact", "learning rate"])
      let output = try GlowBinary.run(["eval", "--model", run.path, "--split", "train"])
      #expect(output.status == 0, "\(output.errors)")
    }
  }

  /// Rolling back with a lower learning rate gets a run to its end that would not get there.
  @Test func rollingBackSavesARun() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let arguments =
        tinyTraining(on: try TrainedRun.labeled().data, to: run, images: 3200)
        + [
          "--lr", "9.9", "--clip", "0", "--average", "0", "--warmup", "3200", "--levels", "2", "--checkpoint-every",
          "80",
          "--keep-newest", "5", "--validate-every", "160", "--roll-back-images", "1600", "--roll-back-rate", "0.1",
        ]
      let outcome = try GlowBinary.run(arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        outcome.errors.contains("error: step refused after ")
          && outcome.errors.contains("error: rolled back to images-"))
      let log = try String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8).split(separator: "\n")
      let events = try log.map { try decodeJSON(String($0)) }
      #expect(events.allSatisfy { $0["time"] is String && $0["level"] is String && $0["message"] is String })
      let refused = events.filter { ($0["message"] as? String)?.hasPrefix("step refused") == true }
      #expect(!refused.isEmpty && refused.allSatisfy { $0["level"] as? String == "error" && $0["images"] is Int })
    }
  }

  @Test func aLossThatIsNotFiniteNamesTheLayer() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let data = try TrainedRun.labeled().data
      try expectRefusal(
        tinyTraining(on: data, to: run, images: 320) + ["--lr", "9.9", "--clip", "0", "--scale", "exponential"],
        saying: ["not finite", "of level", "gave up after rolling back 3 times", "checkpoints/images-0 is intact"])
      #expect(run.appending(path: "checkpoints").names == ["images-0"])
    }
  }
}

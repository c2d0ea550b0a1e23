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
        tinyTraining(on: try TrainedRun.labelled().data, to: run, images: 1_000_000)
        + ["--lr", "9.9", "--clip", "0", "--average", "0", "--checkpoint-every", "80"] + flags
      try expectRefusal(
        arguments, saying: ["after", "images: ", "\(run.path)/checkpoints/images-", "is intact", "learning rate"])
      let output = try GlowBinary.run(["eval", "--model", run.path, "--split", "train"])
      #expect(output.status == 0, "\(output.errors)")
    }
  }

  @Test func aLossThatIsNotFiniteNamesTheLayer() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let data = try TrainedRun.labelled().data
      try expectRefusal(
        tinyTraining(on: data, to: run, images: 320) + ["--lr", "9.9", "--clip", "0", "--scale", "exponential"],
        saying: ["not finite", "of level", "there is no checkpoint yet"])
      #expect(run.appending(path: "checkpoints").names == [])
    }
  }
}

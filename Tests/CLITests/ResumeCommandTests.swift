import Foundation
import Testing

/// `glow resume`, of which `glow train --resume` is an alias.
@Suite struct ResumeCommandTests {
  private func train(_ data: String, _ run: URL) throws {
    try glow(
      "train", "--data", data, "--out", run.path, "--levels", "1", "--steps", "1", "--hidden", "4", "--batch", "16",
      "--images", "64", "--warmup", "0", "--threads", "1")
  }

  @Test func goesOnAsTheAliasDoes() throws {
    try withTemporaryFolder { folder in
      let images = try TemporaryFolder()
      let runs = ["verb", "alias"].map { folder.appending(path: $0) }
      for run in runs { try train(TinyData.idx(images), run) }
      #expect(try glow("resume", runs[0].path, "--images", "128", "--threads", "1").contains("after 64 images"))
      try glow("train", "--resume", runs[1].path, "--images", "128", "--threads", "1")
      let weights = try runs.map {
        try Data(contentsOf: $0.appending(path: "checkpoints/images-128/model.safetensors"))
      }
      #expect(weights[0] == weights[1])
      #expect(try glow("resume", runs[0].path).contains("is finished: give more than its 128 images with --images"))
    }
  }

  /// Images that have moved are named anew; others are refused, unless they are asked for.
  @Test func imagesThatHaveMoved() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let (here, there) = (folder.appending(path: "here"), folder.appending(path: "there"))
      let pictures = try TemporaryFolder()
      _ = try TinyData.pictures(pictures)
      try FileManager.default.copyItem(at: pictures.url, to: here)
      try train(here.path, run)
      try FileManager.default.moveItem(at: here, to: there)
      try expectRefusal(["resume", run.path, "--images", "128"], here.path)
      try glow("resume", run.path, "--images", "128", "--data", there.path)
      // The run knows from now on.
      try glow("resume", run.path, "--images", "192")

      let others = try TemporaryFolder()
      let other = try TinyData.pictures(others, count: 29)
      try expectRefusal(
        ["resume", run.path, "--images", "256", "--data", other], "have changed since the run began",
        "--accept-changed-data")
      try glow("resume", run.path, "--images", "256", "--data", other, "--accept-changed-data")
    }
  }

  /// As the guards advise when they give up.
  @Test func otherSettingsAfterTheGuardsGaveUp() throws {
    try withTemporaryFolder { folder in
      let images = try TemporaryFolder()
      let run = folder.appending(path: "run")
      let failed = try GlowBinary.run(
        tinyTraining(on: try TinyData.idx(images), to: run, images: 320)
          + ["--lr", "9.9", "--clip", "0", "--scale", "exponential"])
      #expect(failed.status == 3)
      #expect(
        failed.errors.contains(
          "go on from it by glow resume \(run.relativePath) with a lower learning rate (--lr, now 9.9)"),
        "\(failed.errors)")
      #expect(try GlowBinary.run(["resume", run.path]).status == 3)
      let resumed = try GlowBinary.run(["resume", run.path, "--lr", "0.01", "--warmup", "64", "--clip", "10"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      for words in [
        "learningRate is 0.01 from 0 images on, and was 9.9", "warmupImages is 64 from", "gradientClip is 10 from",
      ] {
        #expect(resumed.errors.contains(words), "\(resumed.errors)")
        #expect(try String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8).contains(words))
      }
      // A finished run stays as it is: what it would not take is refused, what it has is not.
      try expectRefusal(
        ["resume", run.path, "--lr", "0.5"], saying: ["--lr changes nothing", "is finished", "--images"], leaving: run)
      let finished = try GlowBinary.run(["resume", run.path, "--lr", "0.01", "--clip", "10"])
      #expect(finished.status == 0 && finished.output.contains("is finished"), "\(finished.errors)")
      let state = try run.appending(path: "checkpoints/images-320/training.json").json()
      #expect((state["configuration"] as? [String: Any])?["learningRate"] as? Double == 0.01)
      #expect((state["changes"] as? [[String: Any]])?.count == 3)
    }
  }

  /// However the folder is written, and wherever its images are now.
  @Test func continuingOnTheSameImages() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let pictures = try TemporaryFolder()
      _ = try TinyData.pictures(pictures)
      let here = folder.appending(path: "here")
      try FileManager.default.copyItem(at: pictures.url, to: here)
      func arguments(_ data: String) -> [String] { tinyTraining(on: data, to: run) + ["--continue"] }
      for data in [here.path, here.path + "/", "\(folder.path)/./here", "\(folder.path)/here/../here"] {
        let outcome = try GlowBinary.run(arguments(data))
        #expect(outcome.status == 0, "\(data): \(outcome.errors)")
      }
      let there = folder.appending(path: "there")
      try FileManager.default.moveItem(at: here, to: there)
      let moved = try GlowBinary.run(arguments(there.path) + ["--images", "96"])
      #expect(moved.status == 0, "\(moved.errors)")
      let others = try TemporaryFolder()
      try expectRefusal(arguments(try TinyData.pictures(others, count: 29)), "begun with other settings: data is")
    }
  }

  @Test(arguments: [
    (["resume"], "<run>"), (["resume", "/nowhere"], "/nowhere holds no checkpoint"),
    (["resume", "/nowhere", "--batch", "3"], "--batch"),
    (["resume", "/nowhere", "--lr", "fast"], "--lr"), (["resume", "/nowhere", "--warmup", "-1.5"], "--warmup"),
    (["resume", "/nowhere", "--rank-timeout", "0"], "--rank-timeout is 0.0"),
  ])
  func refusals(_ arguments: [String], _ sentence: String) throws { try expectRefusal(arguments, sentence) }
}

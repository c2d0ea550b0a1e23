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

  @Test(arguments: [
    (["resume"], "<run>"), (["resume", "/nowhere"], "/nowhere holds no checkpoint"),
    (["resume", "/nowhere", "--batch", "3"], "--batch"),
    (["resume", "/nowhere", "--rank-timeout", "0"], "--rank-timeout is 0.0"),
  ])
  func refusals(_ arguments: [String], _ sentence: String) throws { try expectRefusal(arguments, sentence) }
}

import Foundation
import Testing

/// What training says when it stops and goes on. (That the numbers are the same: ResumeTests.)
@Suite struct ResumeMannersTests {
  @Test func anInterruptedRunSaysHowToGoOn() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let data = try TrainedRun.unlabeled().data
      let process = GlowBinary.process(
        tinyTraining(on: data, to: run, images: 1_000_000_000) + ["--checkpoint-every", "1600"])
      let (output, errors) = (folder.appending(path: "output"), folder.appending(path: "errors"))
      for file in [output, errors] { try Data().write(to: file) }
      (process.standardOutput, process.standardError) = (
        try FileHandle(forWritingTo: output), try FileHandle(forWritingTo: errors)
      )
      try process.run()
      let deadline = Date(timeIntervalSinceNow: 60)
      while checkpoints(of: run).isEmpty, process.isRunning, Date() < deadline { usleep(5000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 130)
      #expect(try String(contentsOf: errors, encoding: .utf8).contains("Stopping after this step"))
      let seen = try #require(checkpoints(of: run).last)
      let last = try #require(String(contentsOf: output, encoding: .utf8).split(separator: "\n").last)
      #expect(last.hasPrefix("Saved after \(seen) images ("), "\(last)")
      #expect(last.hasSuffix(" s after the request); go on with: glow resume \(run.relativePath)"), "\(last)")

      // The leftovers of a crash in the middle of a checkpoint are no checkpoint, and lines of metrics are not repeated.
      try run.write([1, 2, 3], to: "checkpoints/.images-999999999.tmp/config.json")
      let total = seen + 160
      let said = try glow("train", "--resume", run.path, "--images", "\(total)")
      #expect(said.hasPrefix("Going on with \(run.path) after \(seen) images\n"))
      #expect(checkpoints(of: run).last == total)
      let lines = try String(contentsOf: run.appending(path: "metrics.jsonl"), encoding: .utf8).split(separator: "\n")
      let images = try lines.compactMap { try decodeJSON(String($0))["images"] as? Int }
      #expect(images == Set(images).sorted() && images.last == total, "\(images)")
    }
  }

  @Test func aFinishedRunSaysSo() throws {
    let run = try TrainedRun.unlabeled().run
    let before = try contents(of: run)
    for images in [[], ["--images", "320"], ["--images", "100"]] {
      let outcome = try GlowBinary.run(["train", "--resume", run.path] + images)
      #expect(outcome.status == 0)
      #expect(outcome.output == "\(run.path) is finished: give more than its 320 images with --images to go on\n")
    }
    #expect(try contents(of: run) == before)
  }

  @Test(arguments: [
    ["--lr", "0.1"], ["--levels", "3"], ["--data", "elsewhere"], ["--no-flip"], ["--size", "16"],
    ["--precision", "bf16"],
  ])
  func otherFlagsAreRefused(flags: [String]) throws {
    let run = try TrainedRun.unlabeled().run
    try expectRefusal(
      ["train", "--resume", run.path] + flags, saying: ["--resume", "only --images may be given"], leaving: run)
  }

  /// The images of each checkpoint, in order.
  private func checkpoints(of run: URL) -> [Int] {
    run.appending(path: "checkpoints").names.compactMap { name in
      name.hasPrefix("images-") ? Int(name.dropFirst("images-".count)) : nil
    }.sorted()
  }
}

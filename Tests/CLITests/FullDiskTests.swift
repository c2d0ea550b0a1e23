import Foundation
import Testing

/// Files that cannot be written: here they would grow beyond a limit, as they would on a full disk.
@Suite struct FullDiskTests {
  private func images(_ run: URL) -> [Int] {
    run.appending(path: "checkpoints").names.compactMap { $0.hasPrefix("images-") ? Int($0.dropFirst(7)) : nil }
      .sorted()
  }

  /// A run with a checkpoint, and how many KiB no file of a later one may exceed so that the model fits but not the rest.
  private func begun(_ folder: URL, _ flags: [String]) throws -> (run: URL, limit: Int) {
    let run = folder.appending(path: "run")
    let outcome = try GlowBinary.run(
      tinyTraining(on: TrainedRun.labeled().data, to: run, images: 320)
        + ["--checkpoint-every", "160", "--validate-every", "1000"] + flags)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let largest = run.appending(path: "checkpoints/images-320/training.safetensors")
    let bytes = try #require(try largest.resourceValues(forKeys: [.fileSizeKey]).fileSize)
    return (run, bytes / 1024 - 1)
  }

  @Test func aRunStopsAndKeepsItsCheckpoint() throws {
    try withTemporaryFolder { folder in
      let (run, limit) = try begun(folder, [])
      let outcome = try GlowBinary.run(
        ["train", "--resume", run.path, "--images", "3200", "--threads", "1"], through: "ulimit -f \(limit);")
      #expect(outcome.status == 4, "\(outcome.errors)")
      for words in [
        "training.safetensors", "File too large", "checkpoints/images-320 is intact",
        "make room and go on with glow resume",
      ] { #expect(outcome.errors.contains(words), "\(words) in: \(outcome.errors)") }
      #expect(images(run) == [160, 320])
      #expect(run.appending(path: "checkpoints").names.allSatisfy { !$0.hasPrefix(".") })
      try glow("train", "--resume", run.path, "--images", "640", "--threads", "1")
      #expect(images(run).last == 640)
    }
  }

  @Test func aRunGoesOnWhereAskedTo() throws {
    try withTemporaryFolder { folder in
      let (run, limit) = try begun(folder, ["--failed-writes", "continue"])
      let outcome = try GlowBinary.run(
        ["train", "--resume", run.path, "--images", "3200", "--threads", "1"], through: "ulimit -f \(limit);")
      // To the end, where the last checkpoint has no place either.
      #expect(outcome.status == 4, "\(outcome.errors)")
      #expect(outcome.errors.contains("training goes on without"))
      #expect(images(run) == [160, 320])
      let lines = try String(contentsOf: run.appending(path: "metrics.jsonl"), encoding: .utf8).split(separator: "\n")
      #expect(try decodeJSON(String(#require(lines.last)))["images"] as? Int == 3200)
      try glow("train", "--resume", run.path, "--images", "640", "--threads", "1")
      #expect(images(run).last == 640)
    }
  }
}

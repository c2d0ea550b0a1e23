import Foundation
import Testing

/// The real program, killed at random moments, ends with the numbers of a run that was never stopped.
@Suite(.serialized) struct KillTests {
  /// GLOW_KILLS asks for more.
  private static let kills = ProcessInfo.processInfo.environment["GLOW_KILLS"].flatMap(Int.init) ?? 100

  private let arguments = [
    "--levels", "1", "--steps", "2", "--hidden", "4", "--batch", "16", "--warmup", "320", "--average", "320",
    "--validate-every", "800", "--checkpoint-every", "480", "--threads", "1", "--labels", "none", "--seed", "1",
  ]

  private struct Left: Equatable {
    var weights: [Data]
    /// Of every line of metrics, without times and memory.
    var lines: [[String: Double]]
    var layers: Data
  }

  private func left(_ run: URL, images: Int) throws -> Left {
    let checkpoint = run.appending(path: "checkpoints/images-\(images)")
    let lines = try String(contentsOf: run.appending(path: "metrics.jsonl"), encoding: .utf8).split(separator: "\n")
    return Left(
      weights: try ["model.safetensors", "training.safetensors"].map {
        try Data(contentsOf: checkpoint.appending(path: $0))
      },
      lines: try lines.map { line in
        try decodeJSON(String(line)).compactMapValues { $0 as? Double }
          .filter { !["seconds", "imagesPerSecond", "residentBytes", "liveTensors"].contains($0.key) }
      },
      layers: try Data(contentsOf: run.appending(path: "layers.jsonl")))
  }

  @Test func aKilledRunEndsLikeAnUnstoppedOne() throws {
    let folder = try TemporaryFolder()
    let data = try TinyData.idx(folder)
    let images = 12_000
    let whole = folder.url.appending(path: "whole")
    let training = ["train", "--data", data, "--images", "\(images)", "--out"]
    let clock = ContinuousClock()
    let start = clock.now
    let outcome = try GlowBinary.run(training + [whole.path] + arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let milliseconds = Int((clock.now - start) / .milliseconds(1))
    let expected = try left(whole, images: images)

    var (kills, runs) = (0, 0)
    while kills < Self.kills {
      runs += 1
      let run = folder.url.appending(path: "run-\(runs)")
      while true {
        let hasCheckpoint = !run.appending(path: "checkpoints").names.filter { $0.hasPrefix("images-") }.isEmpty
        // A run that was killed before its first checkpoint is begun anew.
        let process = GlowBinary.process(
          hasCheckpoint ? ["train", "--resume", run.path, "--threads", "1"] : training + [run.path] + arguments)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let identifier = process.processIdentifier
        let bomb = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(
          deadline: .now() + .milliseconds(Int.random(in: 1...max(2, milliseconds * 3 / 4))), execute: bomb)
        process.waitUntilExit()
        bomb.cancel()
        guard process.terminationReason == .uncaughtSignal else {
          #expect(process.terminationStatus == 0)
          break
        }
        kills += 1
      }
      let found = try left(run, images: images)
      #expect(found == expected, "run \(runs), after \(kills) kills")
      try FileManager.default.removeItem(at: run)
    }
  }
}

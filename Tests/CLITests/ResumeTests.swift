import Foundation
import Testing

/// Runs that stop, on purpose or not, go on as if they had not.
@Suite(.serialized) struct ResumeTests {
  let folder: TemporaryFolder
  let data: TemporaryFolder
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TemporaryFolder()
    source = try TinyData.idx(data)
  }

  private func train(_ run: String, images: Int) throws {
    let outcome = try GlowBinary.run(
      ["train", "--data", source, "--out", folder.path(run)] + TrainedModel.small + ["--images", "\(images)"])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  private func weights(_ run: String, images: Int) throws -> [Data] {
    try ["model", "training"].map {
      try Data(
        contentsOf: folder.url.appending(path: "\(run)/checkpoints/images-\(images)/\($0).safetensors"))
    }
  }

  /// Waits until the run has a checkpoint; the process is then somewhere in the middle.
  private func startLongRun(_ run: String, _ flags: [String] = TrainedModel.small) throws -> Process {
    let process = GlowBinary.process(
      ["train", "--data", source, "--out", folder.path(run)] + flags
        + ["--images", "100000000", "--validate-every", "100000000"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 60)
    while try newestCheckpoint(run) == nil, process.isRunning, Date() < deadline { usleep(20_000) }
    return process
  }

  private func newestCheckpoint(_ run: String) throws -> Int? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path("\(run)/checkpoints"))) ?? []
    return names.compactMap { $0.hasPrefix("images-") ? Int($0.dropFirst(7)) : nil }.max()
  }

  @Test func twoHalvesEqualTheWhole() throws {
    try train("whole", images: 640)
    try train("halves", images: 320)
    try glow("train", "--resume", folder.path("halves"), "--images", "640", "--threads", "1")
    #expect(try weights("halves", images: 640) == weights("whole", images: 640))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
  func aStoppedRunGoesOn(signal: Int32) throws {
    let process = try startLongRun("stopped")
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    if signal == SIGKILL {
      #expect(process.terminationReason == .uncaughtSignal)
    } else {
      #expect(process.terminationStatus == 130)
    }
    let reached = try #require(try newestCheckpoint("stopped"))
    try glow("eval", "--model", folder.path("stopped"))
    let total = (reached / 160 + 2) * 160
    try glow("train", "--resume", folder.path("stopped"), "--images", "\(total)", "--threads", "1")
    try train("whole", images: total)
    #expect(try weights("stopped", images: total) == weights("whole", images: total))
  }

  /// As from a terminal and from a launcher that sends on what it got.
  @Test func aSignalThatComesTwiceIsOneRequest() throws {
    let process = try startLongRun("stopped")
    for number in [SIGINT, SIGTERM] {
      kill(process.processIdentifier, number)
      usleep(1000)
    }
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let reached = try #require(try newestCheckpoint("stopped"))
    let total = (reached / 160 + 2) * 160
    try glow("train", "--resume", folder.path("stopped"), "--images", "\(total)", "--threads", "1")
    try train("whole", images: total)
    #expect(try weights("stopped", images: total) == weights("whole", images: total))
  }

  /// Without saving, in the middle of a step that takes long: what was saved before is whole.
  @Test func aSecondSignalLeavesAtOnce() throws {
    let process = try startLongRun(
      "left",
      ["--levels", "2", "--steps", "8", "--hidden", "64", "--batch", "65536", "--micro-batch", "16", "--threads", "1"])
    kill(process.processIdentifier, SIGINT)
    usleep(700_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try newestCheckpoint("left") == 0)
  }

  @Test func aFinishedRunSaysSo() throws {
    try train("done", images: 160)
    #expect(try glow("train", "--resume", folder.path("done")).contains("160 images"))
  }
}

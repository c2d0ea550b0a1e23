import Foundation
import Testing

/// Training on a folder in which some pictures cannot be read, or that changes.
@Suite struct DamagedImageTests {
  private func damage(_ names: [String], in folder: String) throws {
    for name in names {
      let url = URL(filePath: folder).appending(path: name)
      let data = try Data(contentsOf: url)
      // One whose pixels end early, one that is no picture at all.
      try (name == "7.png" ? data.prefix(60) : Data("no picture".utf8)).write(to: url)
    }
  }

  private func training(_ data: String, _ run: URL, _ flags: String...) -> [String] {
    tinyTraining(on: data, to: run, images: 320) + ["--threads", "1"] + flags
  }

  @Test func damagedPicturesAreNamedAndSkippedOnlyWhereThatIsSaid() throws {
    let (folder, pictures) = (try TemporaryFolder(), try TemporaryFolder())
    let data = try TinyData.pictures(pictures, count: 40)
    try damage(["7.png", "12.png"], in: data)
    let run = folder.url.appending(path: "run")
    try expectRefusal(training(data, run), saying: ["12.png"])
    try expectRefusal(training(data, run, "--skip-damaged", "1"), saying: [".png", "the 1 that may be skipped"])
    #expect(!FileManager.default.fileExists(atPath: run.path))

    let outcome = try GlowBinary.run(training(data, run, "--skip-damaged", "2"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let warnings = try String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8).split(separator: "\n")
      .map { try decodeJSON(String($0)) }.filter { $0["level"] as? String == "warning" }
      .compactMap { $0["message"] as? String }
    for name in ["7.png", "12.png"] {
      #expect(warnings.filter { $0.contains("/\(name)") }.count == 1, "\(warnings)")
      #expect(outcome.errors.contains("warning: skipped a damaged image") && outcome.errors.contains("/\(name)"))
    }
    #expect(warnings.contains { $0.hasPrefix("skipped a damaged image (2 of at most 2)") }, "\(warnings)")

    // Known to the run that goes on.
    let resumed = try GlowBinary.run(["train", "--resume", run.path, "--images", "480", "--threads", "1"])
    #expect(resumed.status == 0 && !resumed.errors.contains("skipped"), "\(resumed.errors)")
  }

  @Test func aDataSetThatChangedIsNoticed() throws {
    let folder = try TemporaryFolder()
    let pictures = try TemporaryFolder()
    let data = try TinyData.pictures(pictures, count: 40)
    let run = folder.url.appending(path: "run")
    let outcome = try GlowBinary.run(training(data, run))
    #expect(outcome.status == 0, "\(outcome.errors)")
    try FileManager.default.removeItem(at: pictures.url.appending(path: "5.png"))
    let resume = ["train", "--resume", run.path, "--images", "480", "--threads", "1"]
    try expectRefusal(
      resume,
      saying: [pictures.url.path, "have changed since the run began", "images, and had", "--accept-changed-data"],
      leaving: run)
    let accepted = try GlowBinary.run(resume + ["--accept-changed-data"])
    #expect(accepted.status == 0 && accepted.errors.contains("warning: the images have changed"), "\(accepted.errors)")
    // From then on they are the run's.
    let again = try GlowBinary.run(["train", "--resume", run.path, "--images", "640", "--threads", "1"])
    #expect(again.status == 0 && !again.errors.contains("changed"), "\(again.errors)")
    try expectRefusal(
      training(data, folder.url.appending(path: "other"), "--accept-changed-data"), saying: ["--resume"])
  }

  /// Noticed with the next checkpoint, in a run that goes on.
  @Test func picturesThatAreReplacedUnderTheRunAreNoticed() throws {
    let (folder, pictures) = (try TemporaryFolder(), try TemporaryFolder())
    let data = try TinyData.pictures(pictures, count: 40)
    let run = folder.url.appending(path: "run")
    let process = GlowBinary.process(
      tinyTraining(on: data, to: run, images: 1_000_000_000)
        + ["--threads", "1", "--checkpoint-every", "160", "--validate-every", "1000000000"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    func waitForLog(_ words: String) -> Bool {
      let deadline = Date(timeIntervalSinceNow: 60)
      while process.isRunning, Date() < deadline {
        let log = (try? String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8)) ?? ""
        if log.contains(words) { return true }
        usleep(20_000)
      }
      return false
    }
    #expect(waitForLog("checkpoint written"))
    let (one, other) = (pictures.url.appending(path: "1.png"), pictures.url.appending(path: "2.png"))
    for number in 3..<40 {
      let picture = pictures.url.appending(path: "\(number).png")
      try Data(contentsOf: number % 2 == 0 ? one : other).write(to: picture, options: .atomic)
    }
    #expect(waitForLog("the images have changed since the run began: of the training split, images have other pixels"))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

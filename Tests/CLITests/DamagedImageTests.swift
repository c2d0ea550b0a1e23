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

  /// What training was told to skip, other verbs leave out, and say so.
  @Test func damagedPicturesAreLeftOutAfterwards() throws {
    let folder = try TemporaryFolder()
    let data = folder.url.appending(path: "data")
    for split in ["train", "validation", "test"] {
      try writePictures(to: data.appending(path: split), count: 20)
      try damage(["12.png"], in: data.appending(path: split).path)
    }
    let run = folder.url.appending(path: "run")
    let trained = try GlowBinary.run(training(data.path, run, "--skip-damaged", "1", "--levels", "1"))
    #expect(trained.status == 0, "\(trained.errors)")
    let model = folder.path("model")
    try glow("export", "--model", run.path, "--out", model)
    for location in [run.path, model] {
      let scored = try GlowBinary.run(["score", "--model", location, "--data", data.path])
      #expect(scored.errors.contains("1 image of the test split cannot be read and is left out, 19 remain"))
      // By their numbers in the whole split, in the order of names: 12.png is the fourth.
      let numbers = scored.output.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
      #expect(numbers == (0..<20).filter { $0 != 4 }.map { "\($0)"[...] }, "\(numbers)")
      let evaluated = try GlowBinary.run(["eval", "--model", location])
      #expect(evaluated.status == 0 && evaluated.output.contains("19 images"), "\(evaluated.errors)")
    }
    try expectRefusal(
      ["eval", "--model", run.path, "--skip-damaged", "0"], saying: ["12.png", "the 0 that may be skipped"])
    let packed = folder.path("packed")
    try expectRefusal(["data", "pack", data.path, "--out", packed], saying: ["12.png"])
    let outcome = try GlowBinary.run(["data", "pack", data.path, "--out", packed, "--skip-damaged", "1"])
    #expect(outcome.status == 0 && outcome.output.contains("train 19, validation 19, test 19"), "\(outcome.errors)")
    #expect(outcome.errors.contains("left out: ") && outcome.errors.contains("test/12.png"))
  }

  @Test func testImagesThatChangedAreNoticed() throws {
    let (folder, pictures) = (try TemporaryFolder(), try TemporaryFolder())
    let data = pictures.url.appending(path: "data")
    for split in ["train", "validation", "test"] { try writePictures(to: data.appending(path: split), count: 20) }
    try data.write("BM".utf8, to: "train/x.bmp")
    let run = folder.url.appending(path: "run")
    let trained = try GlowBinary.run(training(data.path, run, "--levels", "1"))
    #expect(trained.status == 0, "\(trained.errors)")
    let log = try String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8)
    #expect(log.contains("1 picture file not used: 1 .bmp"), "\(log)")
    try FileManager.default.removeItem(at: data.appending(path: "test/3.png"))
    for verb in [["eval"], ["score"], ["quality", "--count", "10"]] {
      try expectRefusal(
        verb + ["--model", run.path], saying: ["not those that the model was trained on: of the test split, it has 19"])
    }
    #expect(try GlowBinary.run(["eval", "--model", run.path, "--split", "validation"]).status == 0)
    let named = try GlowBinary.run(["eval", "--model", run.path, "--data", data.path])
    #expect(named.status == 0 && named.errors.contains("of the test split, it has 19 images, and had 20"))
    // What is accepted is known from then on.
    let resumed = try GlowBinary.run(["resume", run.path, "--images", "480", "--accept-changed-data"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try GlowBinary.run(["eval", "--model", run.path]).status == 0)
    // A setting that would be lost is refused.
    for flags in [["--lr", "0.1"], ["--warmup", "9"], ["--clip", "9"]] {
      try expectRefusal(
        ["resume", run.path] + flags, saying: [flags[0] + " changes nothing", "is finished", "--images"], leaving: run)
    }
    let changed = try GlowBinary.run(["resume", run.path, "--images", "640", "--lr", "0.001"])
    #expect(changed.status == 0, "\(changed.errors)")
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

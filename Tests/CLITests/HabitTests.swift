import Foundation
import Imaging
import Testing

/// What all verbs share.
@Suite struct HabitTests {
  @Test func forceReplacesAFileOfAnotherKind() throws {
    let run = try TrainedRun.labeled().run.path
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "mine.png")
      try Data("mine".utf8).write(to: file)
      let sample = ["sample", "--model", run, "--count", "1", "-o", file.path]
      try expectRefusal(sample, saying: ["replace it with --force"], leaving: folder)
      try glow(sample + ["--force"])
      #expect(try PixelImage(contentsOf: file).width > 0)
      let inside = folder.appending(path: "folder.png")
      try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
      try expectRefusal(sample.dropLast() + [inside.path, "-f"], saying: ["is a folder"], leaving: folder)
    }
  }

  @Test func quietVerbsSayResultsAlone() throws {
    let model = try TrainedRun.labeled()
    try withTemporaryFolder { folder in
      let (sheet, run) = (folder.appending(path: "a.png").path, folder.appending(path: "run"))
      for (arguments, isResult) in [
        (["sample", "--model", model.run.path, "--count", "1", "--out", sheet], false),
        (["eval", "--model", model.run.path], true),
        (["data", "check", model.data], true),
        (tinyTraining("toy", on: model.data, to: run, images: 64), false),
      ] {
        let outcome = try GlowBinary.run(arguments + ["--quiet"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(arguments): \(outcome.errors)")
        #expect(outcome.output.isEmpty != isResult, "\(arguments): \(outcome.output)")
      }
    }
    let wrong = try GlowBinary.run(["eval", "--model", "nowhere", "-q"])
    #expect(wrong.status == 1 && wrong.errors.hasPrefix("Error: nowhere: no such model"))
  }

  /// What is wrong with a request is said of its verb, also when it is found late.
  @Test(arguments: [
    (["trian"], "glow has no verb \"trian\": did you mean train?\n  See 'glow --help' for all verbs."),
    (["help", "trian"], "glow has no verb \"trian\": did you mean train?\n  See 'glow --help' for all verbs."),
    (
      ["eval", "--modell", "x"],
      "glow eval has no flag --modell: did you mean --model?\n  See 'glow eval --help' for its flags."
    ),
    (
      ["data", "show", "idx:/nowhere", "--out", "/no/such/a.png"],
      "--out /no/such/a.png could not be written: there is no folder /no/such: make it, or name another place"
    ),
  ])
  func wrongWords(_ arguments: [String], _ sentence: String) throws {
    let outcome = try GlowBinary.run(arguments)
    #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: " + sentence), "\(outcome.errors)")
  }

  @Test func lateRefusalsNameTheVerb() throws {
    let run = try TrainedRun.labeled().run.path
    let outcome = try GlowBinary.run(["sample", "--model", run, "--label", "nine", "--out", "/tmp/never.png"])
    #expect(outcome.status == 64 && outcome.errors.hasSuffix("See 'glow sample --help' for more information.\n"))
  }

  /// Before any work is done.
  @Test func placesThatAreNotThere() throws {
    let model = try TrainedRun.labeled()
    for (arguments, name) in [
      (["sample", "--model", "nowhere"], "a.png"), (["encode", "--model", "nowhere"], "a.safetensors"),
      (["score", "--model", "nowhere"], "a.csv"), (["plot", model.run.path], "a.svg"),
    ] { try expectRefusal(arguments + ["--out", "/no/such/\(name)"], saying: ["there is no folder /no/such"]) }
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "file")
      try Data("x".utf8).write(to: file)
      let place = file.appending(path: "inside")
      for arguments in [
        tinyTraining("toy", on: model.data, to: place), ["report", model.run.path, "--out", place.path],
        ["export", "--model", model.run.path, "--out", place.path],
        ["sample", "--model", model.run.path, "--files", "--out", place.path],
      ] {
        try expectRefusal(
          arguments, saying: ["cannot create the folder \(place.path): \(file.path) is a file"], leaving: folder)
      }
    }
  }

  /// Single pictures do not go into a folder of another kind of Glow's.
  @Test func picturesInARun() throws {
    let run = try TrainedRun.labeled().run
    try expectRefusal(
      ["sample", "--model", run.path, "--files", "--count", "1", "--out", run.path], saying: ["holds a run"],
      leaving: run)
  }

  /// What `presets --json` prints, and the settings of a run.
  @Test func settingsFromAFile() throws {
    let model = try TrainedRun.labeled()
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "mine.json")
      try Data(glow("presets", "toy", "--json").replacing("\"hidden\" : 16", with: "\"hidden\" : 5").utf8).write(
        to: file)
      let first = folder.appending(path: "first").path
      let flags = ["--data", model.data, "--images", "64", "--threads", "1", "--init-images", "16", "--warmup", "32"]
      let said = try glow(["train", "--config", file.path, "--out", first] + flags)
      #expect(said.hasPrefix("Glow L=2 K=2 hidden=5"), "\(said)")
      let again = try glow([
        "train", "--config", first, "--out", folder.appending(path: "second").path, "--threads", "1",
      ])
      #expect(again.hasPrefix("Glow L=2 K=2 hidden=5") && again.contains("Done: 64 images"), "\(again)")
      try expectRefusal(
        ["train", "--config", file.path, "--preset", "toy", "--out", first], saying: ["--preset toy and --config"])
    }
  }

  /// A folder of the name of a set wins, and the run says so in words that mean the same elsewhere.
  @Test func aFolderWinsOverAWord() throws {
    try withTemporaryFolder { folder in
      try writePictures(to: folder.appending(path: "fashion-mnist"))
      let train = tinyTraining("toy", on: "fashion-mnist", to: folder.appending(path: "run"), images: 64)
      let outcome = try GlowBinary.run(train, through: "cd '\(folder.path)';")
      #expect(outcome.status == 0 && outcome.errors.contains("fashion-mnist is the folder here"), "\(outcome.errors)")
      let other = try GlowBinary.run(["eval", "--model", folder.appending(path: "run").path], through: "cd /;")
      #expect(other.status == 0 && other.output.contains(", 2 images"), "\(other)")
    }
  }
}

import Foundation
import Testing

/// Places that cannot be written to. Tests may run as root, whom permissions do not stop: a file where a folder should
/// be and `/proc` stop root too.
@Suite struct BadOutputTests {
  /// Commands that write, all but their `--out`.
  private static func commands(_ folder: URL) throws -> [[String]] {
    let model = try TrainedRun.unlabeled()
    let latents = folder.appending(path: "latents.safetensors").path
    try glow("encode", "--model", model.run.path, "--out", latents, "--limit", "2")
    let start = ["--model", model.run.path]
    return [
      ["sample"] + start, ["encode"] + start, ["decode"] + start + [latents], ["interpolate"] + start,
      ["reconstruct"] + start,
    ]
  }

  @Test func files() throws {
    try withTemporaryFolder { folder in
      let file = try folder.write([65], to: "file").path
      let taken = folder.appending(path: "taken.png")
      try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
      for (number, command) in try Self.commands(folder).enumerated() {
        // Pictures and latents, the first two, are all the ways there are to write.
        let more = number < 2 ? [folder.path + "/missing/out.png", "/proc/out.png"] : []
        for place in [file + "/out.png", taken.path] + more {
          try expectRefusal(command + ["--out", place], saying: [place, "written"], leaving: folder)
        }
      }
    }
  }

  @Test func folders() throws {
    try withTemporaryFolder { folder in
      let file = try folder.write([65], to: "file").path
      let model = try TrainedRun.unlabeled()
      for place in [file, file + "/out", "/proc/out"] {
        let out = ["--out", place]
        let words = [place, place == file ? "is a file" : "cannot create"]
        try expectRefusal(["sample", "--model", model.run.path, "--files"] + out, saying: words, leaving: folder)
        let made = place == "/proc/out" ? [place, "cannot be created"] : words
        try expectRefusal(["export", "--model", model.run.path] + out, saying: made, leaving: folder)
        try expectRefusal(tinyTraining(on: model.data, to: URL(filePath: place)), saying: words, leaving: folder)
      }
    }
  }

  @Test func aRunIsThereAlready() throws {
    let model = try TrainedRun.unlabeled()
    try expectRefusal(
      tinyTraining(on: model.data, to: model.run), saying: [model.run.path, "already holds a run", "glow resume"],
      leaving: model.run)
  }

  /// A limit on the size of files stands in for a disk that is full.
  @Test func noRoom() throws {
    try withTemporaryFolder { folder in
      let limit = "trap '' XFSZ; ulimit -f 8;"
      let model = try TrainedRun.labeled().run.path
      let out = folder.appending(path: "out").path
      try expectRefusal(
        ["sample", "--model", model, "--count", "400", "--out", out + ".png"], saying: [out, "written"],
        leaving: folder,
        through: limit)
      try expectRefusal(
        ["encode", "--model", model, "--split", "train", "--out", out], saying: [out, "File too large"],
        leaving: folder, through: limit)

      // An earlier export stays whole.
      let export = folder.appending(path: "export")
      try glow("export", "--model", model, "--out", export.path)
      try expectRefusal(
        ["export", "--model", model, "--out", export.path], saying: [export.path, "File too large"], leaving: folder,
        through: limit)

      let run = folder.appending(path: "run")
      let data = try TrainedRun.labeled().data
      try expectRefusal(
        tinyTraining(on: data, to: run) + ["--levels", "2"], saying: ["model.safetensors", "File too large"],
        through: limit)
      #expect(!run.names.contains("metrics.jsonl"))
      #expect(run.appending(path: "checkpoints").names == [])
    }
  }
}

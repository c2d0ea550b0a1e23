import Foundation
import Imaging
import Testing

/// What is there is not written over, unless Glow wrote it as the same kind of thing.
@Suite struct OutputTests {
  /// Folders that are no place for a run or a model, and what the refusal says is there.
  private func takenFolders(_ folder: URL) throws -> [(place: URL, words: String, verbs: Set<String>)] {
    let model = try TrainedRun.unlabeled()
    let exported = folder.appending(path: "model")
    try glow("export", "--model", model.run.path, "--out", exported.path)
    let packed = folder.appending(path: "packed")
    try glow("data", "pack", model.data, "--out", packed.path)
    let report = folder.appending(path: "report")
    try report.write(#"<meta name="generator" content="swift-glow">"#.utf8, to: "index.html")
    let metrics = folder.appending(path: "metrics")
    try metrics.write(#"{"images":16,"trainBitsPerDimension":3}"#.utf8 + [10], to: "metrics.jsonl")
    let others = folder.appending(path: "others")
    for name in ["config.json", "metrics.jsonl", "index.html"] { try others.write("{}".utf8, to: name) }
    return [
      (exported, "holds a model", ["train", "report"]),
      (packed, "holds a packed data set", ["train", "export", "report"]),
      (report, "holds a report", ["train", "export"]), (metrics, "holds", ["train", "export", "report"]),
      (others, "which Glow did not write", ["train", "export", "report"]),
      (
        try model.checkpoint.copied(to: folder, as: "checkpoint"), "checkpoint of a run", ["train", "export", "report"]
      ),
      (try model.run.copied(to: folder, as: "run"), "holds a run", ["train", "export", "report"]),
    ]
  }

  private func command(_ verb: String, _ out: URL) throws -> [String] {
    let model = try TrainedRun.unlabeled()
    return switch verb {
    case "train": tinyTraining(on: model.data, to: out)
    case "export": ["export", "--model", model.run.path, "--out", out.path]
    default: ["report", model.run.path, "--out", out.path]
    }
  }

  @Test func foldersThatAreTaken() throws {
    try withTemporaryFolder { folder in
      for (place, words, verbs) in try takenFolders(folder) {
        for verb in verbs.sorted() {
          try expectRefusal(
            command(verb, place),
            saying: [
              "--out \(place.path)",
              verb == "train" && place.lastPathComponent == "run" ? "already holds a run" : words,
            ],
            leaving: folder)
        }
      }
      try expectRefusal(
        ["data", "pack", TrainedRun.unlabeled().data, "--out", folder.appending(path: "model").path],
        saying: ["is there already"], leaving: folder)
    }
  }

  /// A folder of a class would become a run's, and its pictures no data.
  @Test func foldersOfPictures() throws {
    try withTemporaryFolder { folder in
      let data = try writePictures(to: folder.appending(path: "data/train"), classes: ["cat", "dog"])
      for place in [data, data.appending(path: "cat")] {
        for verb in [
          tinyTraining(on: folder.appending(path: "data").path, to: place),
          try command("export", data.appending(path: "cat")),
        ] { try expectRefusal(verb, saying: ["holds pictures, such as ", "name a new folder"], leaving: folder) }
      }
      // A new folder among them is left out of the data.
      let run = data.appending(path: "cat/run")
      let outcome = try GlowBinary.run(tinyTraining(on: folder.appending(path: "data/train").path, to: run))
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test func whatIsOfTheSameKindIsReplaced() throws {
    try withTemporaryFolder { folder in
      let model = folder.appending(path: "model")
      for _ in 0..<2 { try glow("export", "--model", TrainedRun.unlabeled().run.path, "--out", model.path) }
      // What else lies there stays.
      try model.write("mine".utf8, to: "README.md")
      try model.write(testPicture(1).encodePNG(), to: "preview.png")
      try glow("export", "--model", TrainedRun.labeled().run.path, "--out", model.path)
      #expect(model.names == ["README.md", "config.json", "data.json", "model.safetensors", "preview.png"])
      try expectRefusal(
        ["export", "--model", model.path, "--out", model.path + "/."], saying: ["is the model that is read"],
        leaving: folder)
      try FileManager.default.createDirectory(at: folder.appending(path: "empty"), withIntermediateDirectories: true)
      let outcome = try GlowBinary.run(command("train", folder.appending(path: "empty")))
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  /// Every verb that writes a file, all but its `--out`, the kind of name, and a kind of file that Glow wrote otherwise.
  @Test func filesThatGlowDidNotWrite() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let latents = folder.appending(path: "z.safetensors").path
      try glow("encode", "--model", run, "--limit", "2", "--out", latents)
      let start = ["--model", run]
      let verbs: [(arguments: [String], name: String)] = [
        (["sample", "--count", "1"] + start, "a.png"), (["sample", "--count", "1"] + start, "a.jpg"),
        (["decode", latents] + start, "b.png"), (["interpolate"] + start, "c.png"), (["reconstruct"] + start, "d.png"),
        (["resample", "--count", "1"] + start, "e.png"), (["encode", "--limit", "1"] + start, "f.safetensors"),
        (["score", "--limit", "1"] + start, "g.csv"), (["score", "--limit", "1", "--json"] + start, "h.json"),
        (["attributes", "fit"] + start, "i.safetensors"), (["plot", run], "j.svg"),
        (["data", "show", try TrainedRun.labeled().data], "k.png"),
        (["export", "--layout", "glow-pytorch"] + start, "l.safetensors"),
      ]
      for (arguments, name) in verbs {
        let out = try folder.write(name.hasSuffix("png") ? testPicture(3).encodePNG() : Array("mine".utf8), to: name)
        try expectRefusal(
          arguments + ["--out", out.path],
          saying: ["--out \(out.path)", "Glow wrote: name another, or replace it with --force"],
          leaving: folder)
        try FileManager.default.removeItem(at: out)
        if name == "l.safetensors" { continue }
        for _ in 0..<2 {  // The second takes the place of the first.
          let outcome = try GlowBinary.run(arguments + ["--out", out.path])
          #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        }
      }
      // Of another kind.
      try expectRefusal(
        ["attributes", "fit", "--out", latents] + start, saying: ["is not a file of attributes that Glow wrote"],
        leaving: folder)
    }
  }

  @Test func namesOfPicturesForWhatIsNone() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      for verb in [["encode"], ["score"], ["attributes", "fit"], ["export", "--layout", "normflows"]] {
        for ending in ["png", "JPG", "webp"] {
          let out = folder.appending(path: "x.\(ending)").path
          try expectRefusal(
            verb + ["--model", run, "--out", out], saying: ["--out \(out) is named as a picture"], leaving: folder)
        }
      }
    }
  }

  @Test func foldersOfSinglePictures() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let out = folder.appending(path: "out")
      let sample = ["sample", "--model", run, "--count", "2", "--files", "--out", out.path]
      try out.write(testPicture(1).encodePNG(), to: "sample-1.png")
      try expectRefusal(sample, saying: ["sample-1.png", "Glow wrote"], leaving: folder)
      try FileManager.default.removeItem(at: out)
      for _ in 0..<2 { #expect(try GlowBinary.run(sample).status == 0) }
      #expect(out.names == ["sample-0.png", "sample-1.png"])
    }
  }

  /// Even what Glow wrote is not replaced while it is read.
  @Test func inputsAreNoOutputs() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let picture = folder.appending(path: "a.png").path
      try testPicture(1).writePNG(to: URL(filePath: picture))
      for verb in [["reconstruct"], ["resample"], ["interpolate", picture]] {
        try expectRefusal(
          verb + [picture, "--model", run, "--out", folder.path + "/./a.png"], saying: ["is what the verb reads"],
          leaving: folder)
      }
    }
  }
}

/// What is printed of names, and what latents know of their model.
@Suite struct NamesAndModelsTests {
  @Test func namesOfFilesAreEscaped() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let picture = try folder.write(testPicture(1).encodePNG(), to: "a\u{1b}[31m\u{202e}b.png").path
      for arguments in [
        ["score", picture], ["score", picture, "--json"], ["encode", picture, "--out", picture + ".safetensors"],
        ["encode", picture + "x", "--out", "z"], ["sample", "--out", picture], ["runs", picture],
        ["train", "--out", picture],
        ["export", "--out", picture], ["status", picture],
      ] {
        let known = ["runs", "status", "train"].contains(arguments[0]) ? [] : ["--model", run]
        let outcome = try GlowBinary.run(arguments + known)
        #expect(!(outcome.output + outcome.errors).contains("\u{1b}"), "\(arguments)")
        if arguments.last != "--json" {
          #expect(!(outcome.output + outcome.errors).contains("\u{202e}"), "\(arguments)")
        }
      }
      #expect(try glow("score", "--model", run, picture).contains(#"a\u{1b}[31m\u{202e}b.png,"#))
    }
  }

  @Test func latentsOfAnotherModel() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let latents = folder.appending(path: "z.safetensors").path
      let (out, model) = (folder.appending(path: "out.png").path, folder.appending(path: "model").path)
      try glow("encode", "--model", run, "--limit", "2", "--out", latents)
      try glow("export", "--model", run, "--precision", "float16", "--out", model)
      try glow("decode", "--model", model, latents, "--out", out)
      try FileManager.default.removeItem(atPath: out)
      for verb in [["decode", latents], ["interpolate", "--latents", latents]] {
        try expectRefusal(
          verb + ["--model", run, "--checkpoint", "160", "--out", out], saying: [latents, "latents of another model"],
          leaving: folder)
      }
    }
  }

  @Test func foldersAreNoPictureFiles() throws {
    let run = try TrainedRun.color()
    for verb in ["encode", "reconstruct", "resample", "interpolate"] {
      try expectRefusal(
        [verb, run.data, "--model", run.run.path, "--out", "/proc/x.\(verb == "encode" ? "z" : "png")"],
        saying: ["\(run.data) is a folder of pictures", "--data \(run.data)"])
    }
  }

  @Test func aReferenceOfOneImage() throws {
    try withTemporaryFolder { folder in
      for split in ["train", "validation"] {
        try writePictures(to: folder.appending(path: split), count: split == "train" ? 3 : 1)
      }
      try expectRefusal(
        [
          "score", "--model", TrainedRun.unlabeled().run.path, "--data", TrainedRun.unlabeled().data, "--reference",
          folder.path,
        ],
        saying: ["--reference \(folder.path): the validation split has 1 image, expected two or more"])
    }
  }
}

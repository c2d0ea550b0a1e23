import Foundation
import Imaging
import Testing

/// `glow train --from`.
@Suite struct FineTuneTests {
  private func tuning(_ model: String, on data: String, to run: URL, _ flags: String...) -> [String] {
    [
      "train", "--preset", "toy", "--from", model, "--data", data, "--out", run.path, "--images", "64", "--batch", "16",
      "--lr", "0.01", "--warmup", "0", "--decay", "none", "--seed", "2",
    ] + flags
  }

  private func bits(_ model: String, _ flags: String...) throws -> Double {
    try #require(
      (decodeJSON(glow(["eval", "--model", model, "--json"] + flags))["evaluation"] as? [String: Any])?[
        "bitsPerDimension"] as? Double)
  }

  /// A run begins at the model's own bits/dim, and remembers which model that was.
  @Test func itBeginsAsTheModel() throws {
    let old = try TrainedRun.labeled()
    try withTemporaryFolder { folder in
      let (exported, run) = (folder.appending(path: "model"), folder.appending(path: "run"))
      try glow("export", "--model", old.run.path, "--out", exported.path)
      let said = try glow(
        tuning(exported.path, on: old.data, to: run))
      #expect(said.contains("From \(exported.path): all ") && said.contains("tensors are taken\n"), "\(said)")
      let state = try run.appending(path: "checkpoints/images-64/training.json").json()
      let origin = try #require((state["configuration"] as? [String: Any])?["from"] as? [String: String])
      #expect(origin["model"] == exported.path && origin["weights"]?.count == 16)
      #expect(try String(contentsOf: run.appending(path: "log.jsonl"), encoding: .utf8).contains("begun as a model"))
      // Before its first step it is the model.
      let begun = folder.appending(path: "begun")
      try glow(tuning(old.run.path, on: old.data, to: begun, "--lr", "1e-12", "--average", "0"))
      let (new, own) = (try bits(begun.path, "--data", old.data), try bits(old.run.path, "--data", old.data))
      #expect(abs(new - own) < 1e-5, "\(new) \(own)")
      // And it goes on like any run.
      #expect(try glow("resume", run.path).contains("is finished"))
      #expect(try glow("resume", run.path, "--images", "96").contains("Going on with"))
      let again = ["--continue"]
      #expect(try glow(tuning(exported.path, on: old.data, to: run) + again).contains("is finished"))
      try expectRefusal(
        tuning(old.run.path, on: old.data, to: run, "--continue"),
        "--from is \(exported.path) there and \(old.run.path) here")
      // Also where the model is gone.
      try FileManager.default.removeItem(at: exported)
      #expect(try glow(tuning(exported.path, on: old.data, to: run) + again).contains("is finished"))
    }
  }

  @Test func otherSizesAndLabels() throws {
    let old = try TrainedRun.labeled()
    try withTemporaryFolder { folder in
      let pictures = folder.appending(path: "pictures")
      try writePictures(to: pictures, channels: 3, classes: ["0", "dog"]) { $0 % 2 == 0 ? 16 : 20 }
      let run = folder.appending(path: "run")
      let said = try glow(tuning(old.run.path, on: pictures.path, to: run, "--size", "16"))
      // Gray, as the model is, and 0 is a label that it knows.
      #expect(
        said.contains("16x16x1") && said.contains("(1 of 2 labels); new: level*.split.prior.labelEmbedding"), "\(said)")
      let without = folder.appending(path: "without")
      let told = try glow(tuning(old.run.path, on: pictures.path, to: without, "--labels", "none"))
      #expect(told.contains("8x8x1") && told.contains("left out: "), "\(told)")
    }
  }

  @Test func refusals() throws {
    let (old, realNVP) = (try TrainedRun.labeled(), try TrainedRun.realNVP())
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      func refuse(_ flags: [String], _ words: String...) throws {
        try expectRefusal(flags, saying: words, leaving: folder)
      }
      let model = old.run.path
      try refuse(tuning(model, on: old.data, to: run, "--steps", "3"), "--steps", "keeps the shape", "leave it out")
      try refuse(tuning(model, on: old.data, to: run, "--channels", "3"), "--channels 3", "1 channel")
      try refuse(tuning(model, on: old.data, to: run, "--size", "10"), "--size", "height is 10", "multiple of 4")
      try refuse(tuning(model, on: old.data, to: run, "--family", "realnvp"), "--family realnvp", "is a Glow")
      try refuse(tuning(realNVP.run.path, on: old.data, to: run), "--preset toy is a preset of glow")
      try refuse(tuning("nothing-of-the-kind", on: old.data, to: run), "no such model")
      try refuse(["train", "--from", model, "--out", run.path], "--from", "add --data")
      try refuse(["train", "--from", model, "--resume", model], "--from begins a new run")
    }
  }
}

/// What `glow export` writes beside the model.
@Suite struct HubCardTests {
  @Test func cardAndAttributes() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.copied(to: folder, as: "run")
      let data = folder.appending(path: "pictures")
      var lines = ["file,bright"]
      for number in 0..<40 {
        let picture = testPicture(number)
        let pixels = picture.pixels.map { number % 2 == 0 ? UInt8(min(255, Int($0) + 40)) : $0 }
        let split = number < 30 ? "train" : "validation"
        try data.write(
          PixelImage(width: 8, height: 8, channels: 1, pixels: pixels).encodePNG(), to: "\(split)/\(number).png")
        lines.append("\(split)/\(number).png,\(number % 2 == 0 ? 1 : 0)")
      }
      try data.write(Array(lines.joined(separator: "\n").utf8), to: "attributes.csv")
      try glow(
        "attributes", "fit", "--model", run.path, "--data", data.path, "--out", run.path + "/attributes.safetensors")
      let model = folder.appending(path: "model")
      try glow("export", "--model", run.path, "--license", "cc0-1.0", "--out", model.path)
      #expect(model.names == ["README.md", "attributes.safetensors", "config.json", "data.json", "model.safetensors"])
      let card = try String(contentsOf: model.appending(path: "README.md"), encoding: .utf8)
      for part in ["license: \"cc0-1.0\"", "library_name: swift-glow", "family: glow", "seed: 1", "bits/dim", "bibtex"]
      {
        #expect(card.contains(part), "\(card)")
      }
      #expect(!card.contains(folder.path))
      // The copy is the exported model's own, and a rounded one has others.
      let again = folder.appending(path: "again")
      try glow("export", "--model", model.path, "--out", again.path)
      #expect(again.names.contains("attributes.safetensors"))
      let rounded = folder.appending(path: "rounded")
      let outcome = try GlowBinary.run(["export", "--model", run.path, "--precision", "float16", "--out", rounded.path])
      #expect(outcome.status == 0 && outcome.errors.contains("attributes.safetensors is left out"), "\(outcome.errors)")
      #expect(!rounded.names.contains("attributes.safetensors"))
      // A page of one's own stays.
      try model.write("mine".utf8, to: "README.md")
      let kept = try GlowBinary.run(["export", "--model", run.path, "--out", model.path])
      #expect(kept.errors.contains("README.md is not Glow's"), "\(kept.errors)")
      #expect(try String(contentsOf: model.appending(path: "README.md"), encoding: .utf8) == "mine")
      try expectRefusal(
        ["export", "--model", run.path, "--license", "my own: [", "--out", again.path], "--license", "no identifier")
    }
  }

  @Test func anUnknownFieldOfAModel() throws {
    try withTemporaryFolder { folder in
      let model = folder.appending(path: "model")
      try glow("export", "--model", TrainedRun.unlabeled().run.path, "--out", model.path)
      try model.appending(path: "config.json").rewriteJSON { config in
        var glow = config["glow"] as? [String: Any] ?? [:]
        glow["shear"] = 1
        config["glow"] = glow
      }
      try expectRefusal(
        ["sample", "--model", model.path, "--out", folder.path + "/x.png"], "config.json", "field glow.shear is unknown"
      )
    }
  }
}

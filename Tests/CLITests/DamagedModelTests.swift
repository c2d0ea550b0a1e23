import Foundation
import Testing

/// Models, runs and latents that cannot be used, and what the program says about them.
@Suite struct DamagedModelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let words: [String]
    /// Damages the good folder that it is given.
    let damage: @Sendable (URL) throws -> Void

    init(_ name: String, _ words: [String], damage: @escaping @Sendable (URL) throws -> Void) {
      (testDescription, self.words, self.damage) = (name, words, damage)
    }

    /// A field of `config.json`'s configuration set to a value.
    static func field(_ name: String, _ value: any Sendable, _ words: [String]) -> Case {
      Case("\(name) \(value)", ["config.json"] + words) { folder in
        try folder.appending(path: "config.json").rewriteJSON { config in
          var glow = config["glow"] as? [String: Any] ?? [:]
          glow[name] = value
          config["glow"] = glow
        }
      }
    }

    /// A field of `training.json`, or of the configuration in it, set to a value.
    static func state(_ name: String, _ value: any Sendable, _ words: [String]) -> Case {
      Case("\(name) \(value)", ["training.json"] + words) { folder in
        try folder.appending(path: "training.json").rewriteJSON { state in
          if state[name] != nil { return state[name] = value }
          var configuration = state["configuration"] as? [String: Any] ?? [:]
          configuration[name] = value
          state["configuration"] = configuration
        }
      }
    }

    /// `model.safetensors` changed.
    static func weights(
      _ name: String, _ words: [String],
      _ change: @escaping @Sendable (inout [String: [String: Any]], inout Data) -> Void
    ) -> Case {
      Case(name, ["model.safetensors"] + words) { try $0.appending(path: "model.safetensors").rewriteTensors(change) }
    }
  }

  static let configurations = [
    Case("empty", ["config.json", "not valid JSON"]) { try $0.write([], to: "config.json") },
    Case("an array", ["config.json", "wrong type"]) { try $0.write("[1, 2]".utf8, to: "config.json") },
    .field("steps", 1.5, ["a number that its field cannot take"]),
    .field("classNames", [1, 2, 3], ["field glow.classNames[0] has the wrong type"]),
    .field("permutation", "conv2x2", ["field glow.permutation is wrong", "conv2x2"]),
    .field("minimumScale", 1.5, ["glow.minimumScale is 1.5", "below 1"]),
  ]

  static let weights: [Case] = [
    .weights("missing tensor", ["prior.labelEmbedding", "is not there"]) { header, data in
      data.removeLast(length(of: header.removeValue(forKey: "prior.labelEmbedding")!))
    },
    .weights("another tensor", ["tensor stranger", "belongs to no layer"]) { header, data in
      header["stranger"] = ["dtype": "F32", "shape": [1], "data_offsets": [data.count, data.count + 4]]
      data.append(contentsOf: [0, 0, 0, 0])
    },
    .weights("another shape", ["level1.step1.permutation.lower", "has shape [16]", "asks for [4, 4]"]) { header, _ in
      header["level1.step1.permutation.lower"]!["shape"] = [16]
    },
    .weights("another type", ["level1.step1.permutation.lower", "int32", "float32"]) { header, _ in
      header["level1.step1.permutation.lower"]!["dtype"] = "I32"
    },
    .weights("not a number", ["level1.step1.actnorm.bias", "not finite"]) { header, data in
      let start = offsets(of: header["level1.step1.actnorm.bias"]!)[0]
      data.replaceSubrange(start..<start + 4, with: [0, 0, 0xC0, 0x7F])
    },
    Case("truncated header", ["model.safetensors", "header", "992 bytes follow"]) {
      try $0.appending(path: "model.safetensors").rewrite { $0.prefix(1000) }
    },
    Case("empty weights", ["model.safetensors", "has 0 bytes"]) { try $0.write([], to: "model.safetensors") },
  ]

  private static func offsets(of entry: [String: Any]) -> [Int] { entry["data_offsets"] as! [Int] }

  private static func length(of entry: [String: Any]) -> Int { offsets(of: entry)[1] - offsets(of: entry)[0] }

  /// A copy without checksums, so that damage is named by what it is.
  private func uncheckedCheckpoint(to folder: URL, as name: String) throws -> URL {
    let copy = try TrainedRun.labeled().checkpoint.copied(to: folder, as: name)
    try FileManager.default.removeItem(at: copy.appending(path: "checksums.json"))
    return copy
  }

  @Test(arguments: configurations + weights) func model(bad: Case) throws {
    try withTemporaryFolder { folder in
      let model = try uncheckedCheckpoint(to: folder, as: "model")
      try bad.damage(model)
      try expectRefusal(
        ["sample", "--model", model.path, "--out", folder.appending(path: "grid.png").path], saying: bad.words,
        leaving: folder)
    }
  }

  static let states: [Case] = [
    Case("no training.safetensors", ["training.safetensors", "No such file"]) {
      try FileManager.default.removeItem(at: $0.appending(path: "training.safetensors"))
    },
    Case("training.safetensors of another model", ["training.safetensors", "values has shape", "the model needs"]) {
      let file = $0.appending(path: "training.safetensors")
      try FileManager.default.removeItem(at: file)
      _ = try TrainedRun.unlabeled().checkpoint.appending(path: "training.safetensors")
        .copied(to: $0, as: "training.safetensors")
    },
    Case("truncated training.safetensors", ["training.safetensors", "ends at byte"]) {
      try $0.appending(path: "training.safetensors").rewrite { $0.dropLast(4) }
    },
    Case("not JSON", ["training.json", "not valid JSON"]) { try $0.write("steps: 3".utf8, to: "training.json") },
    .state("images", "many", ["field configuration.images has the wrong type"]),
    .state("batchSize", 0, ["configuration.batchSize is 0", "1 to 65536"]),
    .state("channels", 7, ["configuration.channels is 7", "1 or 3"]),
    .state("height", -3, ["configuration.height is -3", "1 to 65536"]),
    .state("imagesSeen", -5, ["imagesSeen is -5", "0 or more"]),
    .state("steps", -1, ["steps is -1", "0 or more"]),
  ]

  @Test(arguments: states) func resuming(bad: Case) throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      try FileManager.default.createDirectory(
        at: run.appending(path: "checkpoints"), withIntermediateDirectories: true)
      try bad.damage(uncheckedCheckpoint(to: run, as: "checkpoints/images-320"))
      try expectRefusal(
        ["train", "--resume", run.path, "--images", "640"], saying: bad.words, leaving: folder)
    }
  }

  @Test func resumingWhereThereIsNoRun() throws {
    try withTemporaryFolder { folder in
      try expectRefusal(["train", "--resume", folder.path], saying: [folder.path, "holds no checkpoint"])
      let missing = folder.appending(path: "missing").path
      try expectRefusal(["train", "--resume", missing], saying: [missing, "holds no checkpoint"])
    }
  }

  @Test func resumingOnDataThatChanged() throws {
    try withTemporaryFolder { folder in
      let (data, run) = (folder.appending(path: "data"), folder.appending(path: "run"))
      try writeIDX(to: data)
      #expect(try GlowBinary.run(tinyTraining(on: "idx:\(data.path)", to: run)).status == 0)
      let resume = ["train", "--resume", run.path, "--images", "128"]
      try writeIDX(to: data, size: 12)
      try expectRefusal(resume, saying: ["12x12x1", "the model takes 8x8x1"], leaving: folder)
      try writeIDX(to: data, labels: 4)
      try expectRefusal(resume, saying: ["labels 0, 1, 2, 3", "0, 1, 2"], leaving: folder)
    }
  }

  @Test func noModelThere() throws {
    try withTemporaryFolder { folder in
      let missing = folder.appending(path: "missing").path
      try expectRefusal(["eval", "--model", missing], saying: [missing, "no such model", "a run folder"])
      try expectRefusal(["eval", "--model", folder.path], saying: [folder.path, "holds no model", "config.json"])
      try expectRefusal(["eval", "--model", "no-such-name"], saying: ["no-such-name", "no such model"])
      try expectRefusal(["eval"], saying: ["--model"])
    }
  }

  @Test func rawWeightsWithoutARun() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      try glow("export", "--model", model.run.path, "--out", folder.path)
      try expectRefusal(
        ["eval", "--model", folder.path, "--data", model.data, "--weights", "raw"],
        saying: ["--weights raw", folder.path, "the checkpoints of a run have both"])
    }
  }

  @Test func latents() throws {
    try withTemporaryFolder { folder in
      let (model, other) = (try TrainedRun.labeled(), try TrainedRun.unlabeled())
      let latents = folder.appending(path: "latents.safetensors")
      try glow("encode", "--model", model.run.path, "--out", latents.path, "--limit", "2")
      func expectUnfit(by run: URL, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectRefusal(
          ["decode", "--model", run.path, latents.path, "--out", folder.appending(path: "grid.png").path],
          saying: [latents.path] + words, leaving: folder, sourceLocation: sourceLocation)
      }
      try expectUnfit(by: other.run, "latents of another model")
      let whole = try Data(contentsOf: latents)
      try latents.rewriteTensors { header, data in
        let start = Self.offsets(of: header["labels"]!)[0]
        data[start] = 7
      }
      try expectUnfit(by: model.run, "labels", "below 3")
      try whole.dropLast(10).write(to: latents)
      try expectUnfit(by: model.run, "ends at byte")
      try Data("some text".utf8).write(to: latents)
      try expectUnfit(by: model.run, "header")
      try FileManager.default.removeItem(at: latents)
      try expectUnfit(by: model.run, "No such file")
    }
  }
}

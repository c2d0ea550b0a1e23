import Foundation
import Testing

@Suite struct PresetsTests {
  private static let published = [
    "cifar10", "imagenet32", "imagenet64", "lsun64", "lsun96", "lsun128", "celebahq256", "cifar10_cond",
    "imagenet32_cond",
  ]

  @Test func table() throws {
    let lines = try glow("presets").split(separator: "\n").map(String.init)
    #expect(lines.count == 1 + 5 + Self.published.count + 8)
    #expect(
      lines[0].split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        == "name model L K hidden coupling bits batch per pass size parameters data")
    let cifar = try #require(lines.first { $0.hasPrefix("cifar10 ") })
    for word in ["affine", "512", "64", "32x32x3", "cifar10:FOLDER"] { #expect(cifar.contains(word)) }
    // Columns of numbers end, columns of words begin, in one place.
    let ends = Set(lines.map { line in line.range(of: "  [^ ]+$", options: .regularExpression)!.lowerBound })
    #expect(Set(ends.map { $0.utf16Offset(in: lines[0]) }).count == 1)
  }

  @Test func inFull() throws {
    let text = try glow("presets", "celebahq256")
    for line in [
      #"^celebahq256: CelebA-HQ"#, #"^\d+ parameters; data: celebahq:FOLDER"#, #"^  coupling +additive$"#,
      #"^  levels +6$"#, #"^  batchSize +40$"#, #"^  microBatch +2$"#, #"^  edgeChannel +true$"#,
    ] {
      #expect(text.range(of: "(?m)" + line, options: .regularExpression) != nil, "no \(line) in \(text)")
    }
  }

  @Test func json() throws {
    let one = try decodeJSON(glow("presets", "imagenet32_cond", "--json"))
    #expect(one["name"] as? String == "imagenet32_cond")
    let training = try #require(one["training"] as? [String: Any])
    #expect(training["weightY"] as? Double == 0.01 && training["data"] as? String == "imagenet32:FOLDER")
    let model = try #require(one["model"] as? [String: Any])
    #expect(model["classifier"] as? Bool == true && (model["classNames"] as? [String])?.count == 1000)
    let all = try JSONSerialization.jsonObject(with: Data(glow("presets", "--json").utf8)) as? [[String: Any]]
    #expect(
      all?.compactMap { $0["name"] as? String } == ["demo", "fashion-mnist", "toy", "faces", "faces32"] + Self.published
        + [
          "realnvp", "realnvp-toy", "realnvp-cifar10", "masked-glow", "photos", "masked-glow-toy", "masked-cifar10",
          "masked-imagenet32",
        ])
  }

  @Test func unknown() throws {
    try expectRefusal(["presets", "cifar100"], "there is no preset \"cifar100\"", "cifar10_cond")
  }

  @Test(arguments: published) func withoutDataItSaysWhatItNeeds(name: String) throws {
    try withTemporaryFolder { folder in
      try expectRefusal(
        ["train", "--preset", name, "--out", folder.appending(path: "run").path],
        saying: ["--preset \(name) needs the images: add --data ", ":FOLDER"], leaving: folder)
    }
  }

  /// The preset's own model, made small.
  @Test(arguments: published) func trains(name: String) throws {
    try withTemporaryFolder { folder in
      let data = try writePictures(
        to: folder.appending(path: "pictures"), channels: 3, classes: name.hasSuffix("_cond") ? ["cat", "dog"] : [])
      let run = folder.appending(path: "run")
      let outcome = try GlowBinary.run([
        "train", "--preset", name, "--data", data.path, "--out", run.path, "--size", "8", "--levels", "2", "--steps",
        "1", "--hidden", "8", "--batch", "16", "--images", "32", "--checkpoint-every", "32", "--init-images", "16",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let config = try #require(
        run.appending(path: "checkpoints/images-32/config.json").json()["glow"] as? [String: Any])
      #expect((config["classNames"] as? [String]) == (name.hasSuffix("_cond") ? ["cat", "dog"] : []))
      let report = try decodeJSON(glow("eval", "--model", run.path, "--json", "--accuracy"))
      let evaluation = try #require(report["evaluation"] as? [String: Any])
      #expect(try #require(evaluation["bitsPerDimension"] as? Double).isFinite)
      #expect((evaluation["accuracy"] != nil) == name.hasSuffix("_cond"))
    }
  }

  @Test func aClassifierNeedsLabels() throws {
    try withTemporaryFolder { folder in
      let data = try writePictures(to: folder.appending(path: "pictures"), channels: 3)
      try expectRefusal(
        [
          "train", "--preset", "cifar10_cond", "--data", data.path, "--size", "8", "--levels", "1", "--out",
          folder.appending(path: "run").path,
        ], saying: ["classifier needs images with labels", "--no-classifier"], leaving: folder)
    }
  }

  /// A preset without labels leaves those of the data alone.
  @Test func labelsAreTakenWhereThePresetOrAFlagSaysSo() throws {
    try withTemporaryFolder { folder in
      let data = "idx:\(try writeIDX(to: folder.appending(path: "data")).path)"
      func classes(_ name: String, _ flags: String...) throws -> [String]? {
        let run = folder.appending(path: name)
        let shape = [
          "--size", "8", "--levels", "1", "--steps", "1", "--hidden", "4", "--batch", "16", "--images", "16",
        ]
        let outcome = try GlowBinary.run(["train", "--data", data, "--out", run.path] + shape + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let config = try run.appending(path: "checkpoints/images-16/config.json").json()["glow"] as? [String: Any]
        return config?["classNames"] as? [String]
      }
      #expect(try classes("a", "--preset", "cifar10") == [])
      #expect(try classes("b", "--preset", "cifar10", "--labels", "prior") == ["0", "1", "2"])
      #expect(try classes("c", "--preset", "toy") == ["0", "1", "2"])
    }
  }
}

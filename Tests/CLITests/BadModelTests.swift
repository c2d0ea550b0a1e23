import Foundation
import Testing

/// Models, latents and runs that are damaged or belong elsewhere.
@Suite(.serialized) struct BadModelTests {
  let model: TrainedModel
  let folder: TemporaryFolder
  let copy: URL

  init() throws {
    model = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
    copy = try model.copy(to: folder)
  }

  private func refuse(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let out = folder.path("x.png")
    let outcome = try GlowBinary.run(["sample", "--model", copy.path, "--count", "1", "--out", out])
    let sentence = outcome.errors.split(separator: "\n").first { $0.hasPrefix("Error: ") } ?? ""
    #expect(outcome.status != 0 && outcome.status < 128, "\(outcome.errors)", sourceLocation: sourceLocation)
    for word in words {
      #expect(sentence.contains(word), "no \"\(word)\" in: \(outcome.errors)", sourceLocation: sourceLocation)
    }
    #expect(!FileManager.default.fileExists(atPath: out), sourceLocation: sourceLocation)
  }

  /// Changes `config.json` by replacing text.
  private func edit(_ old: String, _ new: String) throws {
    let file = copy.appending(path: "config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacingOccurrences(of: old, with: new).write(to: file, atomically: true, encoding: .utf8)
  }

  @Test func noSuchModel() throws {
    try expectRefusal(
      ["sample", "--model", "nothing-here", "--out", folder.path("x.png")], "nothing-here", "no such model")
    try expectRefusal(["sample", "--model", folder.url.path, "--out", folder.path("x.png")], "config.json")
  }

  @Test func configurationOfAnotherVersion() throws {
    try edit("\"version\" : 1", "\"version\" : 7")
    try refuse("config.json", "field version is 7", "version 1")
  }

  @Test func configurationOfAnotherProgram() throws {
    try edit("\"swift-glow\"", "\"other\"")
    try refuse("config.json", "field format", "other")
  }

  @Test func configurationThatIsNotJSON() throws {
    try Data("{ not json".utf8).write(to: copy.appending(path: "config.json"))
    try refuse("config.json", "not valid JSON")
  }

  @Test func configurationWithAWordThatIsNone() throws {
    try edit("\"affine\"", "\"affin\"")
    try refuse("config.json", "field glow.coupling", "it is \"affin\"", "one of \"additive\", \"affine\"")
  }

  @Test func configurationWithAWrongType() throws {
    try edit("\"steps\" : 2", "\"steps\" : \"two\"")
    try refuse("config.json", "glow.steps", "type")
  }

  @Test func configurationWithoutAField() throws {
    try edit("\"hidden\" : 8,", "")
    try refuse("config.json", "glow.hidden", "missing")
  }

  @Test(arguments: [
    ("\"levels\" : 1", "\"levels\" : 99", "glow.levels is 99"),
    ("\"hidden\" : 8", "\"hidden\" : -1", "glow.hidden is -1"),
    ("\"channels\" : 1", "\"channels\" : 7", "glow.channels is 7"),
    ("\"height\" : 8", "\"height\" : 9", "glow.height is 9"),
    ("\"bits\" : 8", "\"bits\" : 0", "glow.bits is 0"),
  ])
  func configurationWithAbsurdValues(old: String, new: String, words: String) throws {
    try edit(old, new)
    try refuse("config.json", words, "expected")
  }

  @Test func weightsOfAnotherShape() throws {
    try edit("\"hidden\" : 8", "\"hidden\" : 9")
    try refuse("model.safetensors", "conv1", "shape")
  }

  @Test func weightsThatAreMissingOrTooMany() throws {
    try edit("\"steps\" : 2", "\"steps\" : 3")
    try refuse("model.safetensors", "level1.step3")
    try edit("\"steps\" : 3", "\"steps\" : 1")
    try refuse("model.safetensors", "level1.step2", "no layer")
  }

  @Test func truncatedWeights() throws {
    let file = copy.appending(path: "model.safetensors")
    let whole = try Data(contentsOf: file)
    try whole.prefix(whole.count - 100).write(to: file)
    try refuse("model.safetensors")
    try Data("no tensors".utf8).write(to: file)
    try refuse("model.safetensors")
    try FileManager.default.removeItem(at: file)
    try refuse("model.safetensors")
  }

  @Test func labelsTheModelDoesNotHave() throws {
    try expectRefusal(
      ["sample", "--model", copy.path, "--label", "spoon", "--out", folder.path("x.png")], "--label spoon", "0 0")
  }

  @Test func latentsOfAnotherModel() throws {
    let latents = folder.path("z.safetensors")
    try glow("encode", "--model", model.run, "--limit", "2", "--out", latents)
    try expectRefusal(
      ["decode", "--model", "\(try otherModel())", latents, "--out", folder.path("x.png")], "z.safetensors",
      "latents of another model")
    let whole = try Data(contentsOf: URL(filePath: latents))
    try whole.prefix(whole.count - 8).write(to: URL(filePath: latents))
    try expectRefusal(["decode", "--model", model.run, latents, "--out", folder.path("x.png")], "z.safetensors")
    try expectRefusal(["decode", "--model", model.run, "/nowhere", "--out", folder.path("x.png")], "/nowhere")
  }

  private func otherModel() throws -> String {
    let data = try TemporaryFolder()
    let run = folder.path("other")
    let outcome = try GlowBinary.run(
      ["train", "--data", TinyData.idx(data, side: 4), "--out", run] + TrainedModel.small + ["--images", "32"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return run
  }

  @Test func runsThatCannotGoOn() throws {
    try expectRefusal(["train", "--resume", folder.url.path], "no checkpoint")
    let run = folder.url.appending(path: "run")
    let checkpoint = run.appending(path: "checkpoints/images-640")
    try FileManager.default.createDirectory(
      at: checkpoint.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.moveItem(at: copy, to: checkpoint)
    let state = checkpoint.appending(path: "training.json")
    let text = try String(contentsOf: state, encoding: .utf8)
    try text.replacing(/"version" : \d+/, with: "\"version\" : 99").write(to: state, atomically: true, encoding: .utf8)
    try expectRefusal(["train", "--resume", run.path], "training.json", "version is 99")
    try FileManager.default.removeItem(at: state)
    try expectRefusal(["train", "--resume", run.path], "training.json")
    try expectRefusal(["train", "--data", model.data, "--out", run.path] + TrainedModel.small, "glow resume")
  }
}

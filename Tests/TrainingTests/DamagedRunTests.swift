import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// Checkpoints that training cannot go on from: the error names the file and what is wrong in it.
@Suite(.serialized) struct DamagedRunTests {
  /// What resuming a run says after `damage` to its only checkpoint; the checkpoint's path is left out.
  private func message(after damage: (URL) throws -> Void) throws -> String {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 2)
      let checkpoint = try #require(RunFolder(folder).checkpoints.last)
      // As a checkpoint of earlier versions; with checksums see CheckpointTests.
      try FileManager.default.removeItem(at: checkpoint.appending(path: "checksums.json"))
      try damage(checkpoint)
      let metrics = try? Data(contentsOf: folder.appending(path: "metrics.jsonl"))
      let error = try #require(throws: (any Error).self) { try Small.resumed(folder) }
      #expect((try? Data(contentsOf: folder.appending(path: "metrics.jsonl"))) == metrics)
      let text = "\(error)"
      #expect(text.contains(checkpoint.path + "/"), "\(text)")
      return text.replacing(checkpoint.path + "/", with: "")
    }
  }

  private func message(changing text: String, to other: String) throws -> String {
    try message { checkpoint in
      let url = checkpoint.appending(path: "training.json")
      let json = try String(contentsOf: url, encoding: .utf8)
      #expect(json.contains(text), "\(json)")
      try json.replacing(text, with: other).write(to: url, atomically: true, encoding: .utf8)
    }
  }

  /// Puts the file of a run of other settings in place of the checkpoint's own.
  private func exchange(
    _ name: String, in checkpoint: URL, model: GlowConfiguration = Small.model(),
    training: TrainingConfiguration = Small.training()
  ) throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(training, model: model, in: folder), after: 2)
      let other = folder.appending(path: "checkpoints/images-16/\(name)")
      try Data(contentsOf: other).write(to: checkpoint.appending(path: name))
    }
  }

  @Test(arguments: ["training.json", "training.safetensors", "model.safetensors"])
  func aMissingFileIsNamed(name: String) throws {
    let text = try message { try FileManager.default.removeItem(at: $0.appending(path: name)) }
    #expect(text.contains(name) && text.contains("No such file or directory"), "\(text)")
  }

  @Test func anotherVersionIsNamedWhateverElseDiffers() throws {
    let expected = "training.json: field version is 5, this program reads versions 1 to 4"
    #expect(try message(changing: "\"version\" : 4", to: "\"version\" : 5") == expected)
    let renamed = try message { checkpoint in
      try Data("{\"version\": 5, \"settings\": {}}".utf8).write(to: checkpoint.appending(path: "training.json"))
    }
    #expect(renamed == expected)
  }

  @Test func aWrongFieldIsNamed() throws {
    #expect(try message(changing: "\"steps\"", to: "\"strides\"") == "training.json: field steps is missing")
    #expect(
      try message(changing: "\"batchSize\"", to: "\"batches\"")
        == "training.json: field configuration.batchSize is missing")
    let wrongType = try message(changing: "\"imagesSeen\" : 16", to: "\"imagesSeen\" : \"all\"")
    #expect(wrongType.hasPrefix("training.json: field imagesSeen has the wrong type"), "\(wrongType)")
    let unknown = try message(changing: "\"adamax\"", to: "\"sgd\"")
    #expect(unknown.hasPrefix("training.json: field configuration.optimizer is wrong"), "\(unknown)")
    #expect(
      try message(changing: "\"learningRate\" : 0.01", to: "\"learningRate\" : 10")
        == "training.json: configuration.learningRate is 10.0, expected above 0 and below 10")
    #expect(
      try message(changing: "\"steps\" : 2", to: "\"steps\" : -2")
        == "training.json: steps is -2, expected 0 or more")
  }

  @Test func tensorsOfAnotherRunAreNamed() throws {
    var wider = Small.model()
    wider.hidden = 5
    func size(_ model: GlowConfiguration) throws -> Int { try Glow(model).parameters.values.elementCount }
    #expect(
      try message { try exchange("training.safetensors", in: $0, model: wider) }
        == "training.safetensors: tensor values has shape [\(size(wider))], the model needs [\(size(Small.model()))]")
    let withoutAverage = Small.training { $0.averageImages = 0 }
    let missing = try message { try exchange("training.safetensors", in: $0, training: withoutAverage) }
    #expect(missing.contains("training.safetensors") && missing.contains("\"average\" "), "\(missing)")
    let model = try message { try exchange("model.safetensors", in: $0, model: wider) }
    #expect(model.hasPrefix("model.safetensors: tensor level1.step1.coupling.conditioner."), "\(model)")
  }

  @Test func aTruncatedFileIsNamed() throws {
    let text = try message { checkpoint in
      let url = checkpoint.appending(path: "training.safetensors")
      try Data(contentsOf: url).dropLast(4).write(to: url)
    }
    #expect(text.contains("training.safetensors") && text.contains("ends at byte"), "\(text)")
  }

  @Test func anEmptyRunCannotBeResumed() throws {
    try withTemporaryFolder { folder in
      let error = try #require(throws: TrainingError.self) { try Small.resumed(folder) }
      #expect("\(error)" == "\(folder.path) holds no checkpoint to resume from")
    }
  }

  /// What a crash while writing left behind must not become part of the checkpoint that is written next.
  @Test func aLeftoverIsReplaced() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 2)
      let checkpoints = folder.appending(path: "checkpoints")
      let leftover = checkpoints.appending(path: ".images-64.tmp")
      try FileManager.default.createDirectory(at: leftover, withIntermediateDirectories: true)
      for name in ["model.safetensors", "stranger"] { try Data("half".utf8).write(to: leftover.appending(path: name)) }
      try Small.resumed(folder).fit()
      #expect(try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).count == 2)
      let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints.appending(path: "images-64").path)
      #expect(
        names.sorted() == [
          "checksums.json", "config.json", "model.safetensors", "training.json", "training.safetensors",
        ])
      #expect(try Small.resumed(folder).isFinished)
    }
  }
}

import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// Which checkpoints a run keeps, what it does when one is damaged, and that it belongs to one trainer at a time.
@Suite(.serialized) struct CheckpointTests {
  private func images(_ folder: URL) -> [Int] { RunFolder(folder).checkpoints.map(RunFolder.images) }

  private func flip(_ checkpoint: URL, _ name: String) throws {
    let url = checkpoint.appending(path: name)
    var data = try Data(contentsOf: url)
    data[data.count - 1] ^= 1
    try data.write(to: url)
  }

  /// Checkpoints at 16, 32, 48 and 64 images, validations at 24, 48 and 64.
  @Test func rotation() throws {
    func kept(_ change: (inout TrainingConfiguration) -> Void) throws -> [Int] {
      try withTemporaryFolder { folder in
        try Small.trainer(Small.training(change), in: folder).fit()
        return images(folder)
      }
    }
    #expect(try kept { _ in } == [48, 64])
    #expect(try kept { $0.keepNewest = 1 }.last == 64)
    #expect(try kept { $0.keepNewest = 3 } == [32, 48, 64])
    #expect(try kept { $0.keepEvery = 16 } == [16, 32, 48, 64])
    #expect(try kept { ($0.keepNewest, $0.keepEvery) = (2, 32) } == [32, 48, 64])
  }

  /// A learning rate that ruins the model after its first validation leaves that one's checkpoint the best.
  @Test func theBestIsKept() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(
        Small.training {
          ($0.images, $0.validateEvery, $0.keepNewest) = (128, 16, 1)
          ($0.learningRate, $0.warmupImages, $0.averageImages) = (0.3, 0, 0)
        }, in: folder
      ).fit()
      let lines = try RunFolder(folder).metrics().filter { $0.validationBitsPerDimension != nil }
      let best = try #require(lines.min { $0.validationBitsPerDimension! < $1.validationBitsPerDimension! })
      #expect(images(folder) == Set([best.images, 128]).sorted())
    }
  }

  @Test(arguments: ["model.safetensors", "training.safetensors", "training.json", "config.json"])
  func theOneBeforeADamagedOneIsUsed(name: String) throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      let whole = try Data(contentsOf: folder.appending(path: "checkpoints/images-64/training.safetensors"))
      let metrics = try RunFolder(folder).metrics().map(\.trainBitsPerDimension)
      try flip(folder.appending(path: "checkpoints/images-64"), name)

      let resumed = try Small.resumed(folder)
      #expect(resumed.imagesSeen == 48 && resumed.notices.count == 1)
      let notice = try #require(resumed.notices.first)
      for word in ["checkpoints/images-64/\(name)", "is damaged", "going on from images-48"] {
        #expect(notice.contains(word), "\(notice)")
      }
      try resumed.fit()
      #expect(try Data(contentsOf: folder.appending(path: "checkpoints/images-64/training.safetensors")) == whole)
      #expect(try RunFolder(folder).metrics().map(\.trainBitsPerDimension) == metrics)
      #expect(try Small.resumed(folder).notices.isEmpty)
    }
  }

  @Test func whereAllAreDamagedTheNewestIsNamed() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      for checkpoint in RunFolder(folder).checkpoints { try flip(checkpoint, "training.safetensors") }
      let error = try #require(throws: (any Error).self) { try Small.resumed(folder) }
      #expect("\(error)".contains("images-64/training.safetensors") && "\(error)".contains("CRC-32C"), "\(error)")
    }
  }

  @Test func aDamagedModelIsNotUsed() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 2)
      let checkpoint = try #require(RunFolder(folder).checkpoints.last)
      try flip(checkpoint, "model.safetensors")
      let error = try #require(throws: ModelError.self) { try ModelFolder.read(checkpoint) }
      #expect("\(error)".contains("model.safetensors") && "\(error)".contains("is damaged: its CRC-32C"), "\(error)")
      try Data().write(to: checkpoint.appending(path: "model.safetensors"))
      let shorter = try #require(throws: ModelError.self) { try ModelFolder.read(checkpoint) }
      #expect("\(shorter)".contains("has 0 bytes, checksums.json says"), "\(shorter)")
    }
  }

  @Test func oneTrainerAtATime() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(in: folder)
      var refusals: [String] = []
      trainer.shouldStop = {
        do { _ = try Small.resumed(folder) } catch { refusals.append("\(error)") }
        return false
      }
      try trainer.fit()
      #expect(refusals.count == 8 && refusals.allSatisfy { $0.hasPrefix("\(folder.path) is being trained by another") })
      #expect(try Small.resumed(folder).isFinished)
    }
  }

  /// A checkpoint that gives way to a new one of the same number is never the only one to be lost.
  @Test func aReplacedCheckpointComesBack() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 2)
      let checkpoints = folder.appending(path: "checkpoints")
      try FileManager.default.moveItem(
        at: checkpoints.appending(path: "images-16"), to: checkpoints.appending(path: ".replaced-images-16"))
      #expect(try Small.resumed(folder).imagesSeen == 16)
      #expect(images(folder) == [0, 16])
    }
  }

  /// An interrupted validation is made by the resume, and leaves what an unstopped run does.
  @Test(arguments: [24, 64]) func anInterruptedValidationIsDue(at due: Int) throws {
    func records(_ folder: URL) throws -> [String] {
      try RunFolder(folder).metrics().map {
        "\($0.images) \($0.trainBitsPerDimension) \($0.validationBitsPerDimension ?? 0) \($0.gradientNorm) "
          + "\($0.learningRate) \($0.roundTripError ?? 0)"
      }
    }
    func weights(_ folder: URL) throws -> Data {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-64/training.safetensors"))
    }
    try withTemporaryFolder { folder in
      let (whole, halves) = (folder.appending(path: "whole"), folder.appending(path: "halves"))
      try Small.trainer(in: whole).fit()
      let trainer = try Small.trainer(in: halves)
      trainer.shouldInterrupt = { trainer.imagesSeen == due }
      try trainer.fit()
      #expect(trainer.imagesSeen == due && !trainer.isFinished)
      #expect(try records(halves).allSatisfy { !$0.hasPrefix("\(due) ") })

      // Interrupted once more, then not.
      let again = try Small.resumed(halves)
      again.shouldInterrupt = { true }
      try again.fit()
      #expect(again.imagesSeen == due && !again.isFinished)
      let last = try Small.resumed(halves)
      try last.fit()
      #expect(last.isFinished && images(halves).last == 64)
      #expect(try records(halves) == records(whole))
      #expect(try weights(halves) == weights(whole))
      #expect(try Small.resumed(halves).isFinished)
    }
  }

  /// Runs of earlier versions go on: of the first, whose settings had one field for activations, and of those that lacked
  /// what was added since.
  @Test(arguments: [1, 2, 3], [true, false]) func earlierVersions(version: Int, kept: Bool) throws {
    try withTemporaryFolder { folder in
      let (run, other) = (folder.appending(path: "run"), folder.appending(path: "other"))
      let training = Small.training { $0.memory = kept ? .keep : .reversible }
      try Small.stop(Small.trainer(training, in: run), after: 2)
      try FileManager.default.copyItem(at: run, to: other)
      let checkpoint = other.appending(path: "checkpoints/images-16")
      try FileManager.default.removeItem(at: checkpoint.appending(path: "checksums.json"))
      let url = checkpoint.appending(path: "training.json")
      var state = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      if version == 1 {
        var configuration = try #require(state["configuration"] as? [String: Any])
        configuration["memory"] = nil
        configuration["keepActivations"] = kept
        (state["configuration"], state["kept"]) = (configuration, nil)
      }
      for name in version < 3 ? ["line", "dueMeasurement", "validation", "best"] : [] { state[name] = nil }
      for name in ["recovery", "data", "damaged"] { state[name] = nil }
      state["version"] = version
      try JSONSerialization.data(withJSONObject: state).write(to: url)
      for folder in [run, other] { try Small.resumed(folder).fit() }
      func weights(_ folder: URL) throws -> Data {
        try Data(contentsOf: folder.appending(path: "checkpoints/images-64/training.safetensors"))
      }
      #expect(try weights(other) == weights(run))
      let written = try Data(contentsOf: other.appending(path: "checkpoints/images-64/training.json"))
      let after = try #require(JSONSerialization.jsonObject(with: written) as? [String: Any])
      #expect(after["version"] as? Int == TrainingState.currentVersion && after["data"] != nil)
    }
  }
}

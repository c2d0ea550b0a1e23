import Datasets
import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct RealNVPTrainingTests {
  private static func training(_ change: (inout TrainingConfiguration) -> Void = { _ in }) -> TrainingConfiguration {
    Small.training {
      $0.averageImages = 0
      change(&$0)
    }
  }

  private func trainer(_ training: TrainingConfiguration = training(), in folder: URL) throws -> Trainer {
    try Small.trainer(training, model: Small.realNVP(), in: folder)
  }

  private func state(_ folder: URL) throws -> [Data] {
    try ["model.safetensors", "training.safetensors"].map {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-64/\($0)"))
    }
  }

  /// The running averages are part of what goes on, whether a stop or a due checkpoint saved them.
  @Test(arguments: [
    training(),
    training {
      $0.microBatch = 3
      $0.gradientClip = 0.5
    },
  ]) func resumingIsExactAfterAnyStep(training: TrainingConfiguration) throws {
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      try trainer(training, in: whole).fit()
      let expected = try state(whole)
      for steps in 1...7 {
        let run = folder.appending(path: "stopped-\(steps)")
        try Small.stop(trainer(training, in: run), after: steps)
        let trainer = try Small.resumed(run)
        #expect(trainer.model is RealNVP && trainer.imagesSeen == 8 * steps)
        try trainer.fit()
        #expect(try state(run) == expected, "stopped after step \(steps)")
      }
    }
  }

  /// A checkpoint that was due is written when the next batch has been looked at: that batch has left no trace in it.
  @Test func dueCheckpointsHoldTheirOwnAverages() throws {
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      try trainer(in: whole).fit()
      let run = folder.appending(path: "cut")
      try trainer(in: run).fit()
      // As if the process had died after the last due checkpoint.
      try FileManager.default.removeItem(at: run.appending(path: "checkpoints/images-64"))
      let trainer = try Small.resumed(run)
      #expect(trainer.imagesSeen == 48)
      try trainer.fit()
      #expect(try state(run) == state(whole))
    }
  }

  @Test func trainingLearns() throws {
    try withTemporaryFolder { folder in
      let training = Self.training { $0.images = 1600 }
      let trainer = try self.trainer(training, in: folder)
      let before = try trainer.model.evaluate(on: SmallImages()).bitsPerDimension
      try trainer.fit()
      let after = try trainer.model.evaluate(on: SmallImages())
      #expect(after.bitsPerDimension < before - 0.2)
      #expect(!after.conditional && after.accuracy == nil)
      #expect(trainer.keptActivations.kept.count == 0 && trainer.keptActivations.bytes == 0)
      let saved = try ModelFolder.read(RunFolder(folder).checkpoints.last!)
      #expect(try saved.evaluate(on: SmallImages()).bitsPerDimension == after.bitsPerDimension)
    }
  }

  @Test func weightsAreNotAveraged() throws {
    try withTemporaryFolder { folder in
      let error = try #require(throws: ModelError.self) { try trainer(Small.training(), in: folder) }
      #expect("\(error)".hasPrefix("averageImages is 32, expected 0: the running averages"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  /// The Glow of `demo` and its baseline are of like size and see the same images.
  @Test func theBaselineIsOfLikeSize() throws {
    let sizes = try [Preset.demo, .realNVP].map {
      try $0.model.makeModel(options: TensorOptions(), seed: 0).parameters.count
    }
    #expect(Double(sizes[1]) > 0.8 * Double(sizes[0]) && Double(sizes[1]) < 1.25 * Double(sizes[0]), "\(sizes)")
    #expect(Preset.realNVP.training.images == Preset.demo.training.images)
  }
}

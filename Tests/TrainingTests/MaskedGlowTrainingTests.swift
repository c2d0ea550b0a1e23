import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct MaskedGlowTrainingTests {
  private func trainer(_ training: TrainingConfiguration = Small.training(), in folder: URL) throws -> Trainer {
    try Small.trainer(training, model: Small.maskedGlow(), in: folder)
  }

  private func state(_ folder: URL) throws -> [Data] {
    try ["model.safetensors", "training.safetensors"].map {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-64/\($0)"))
    }
  }

  /// To the bit, with some activations kept and with none.
  @Test(arguments: [
    Small.training(),
    Small.training {
      $0.memory = .reversible
      $0.microBatch = 3
      $0.gradientClip = 0.5
    },
  ]) func resumingIsExactAfterAnyStep(training: TrainingConfiguration) throws {
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      try trainer(training, in: whole).fit()
      let expected = try state(whole)
      for steps in [1, 4, 7] {
        let run = folder.appending(path: "stopped-\(steps)")
        try Small.stop(trainer(training, in: run), after: steps)
        let trainer = try Small.resumed(run)
        #expect(trainer.model is MaskedGlow && trainer.imagesSeen == 8 * steps)
        try trainer.fit()
        #expect(try state(run) == expected, "stopped after step \(steps)")
      }
    }
  }

  @Test func trainingLearns() throws {
    try withTemporaryFolder { folder in
      let training = Small.training { $0.images = 1600 }
      let trainer = try self.trainer(training, in: folder)
      let before = try trainer.model.evaluate(on: SmallImages()).bitsPerDimension
      try trainer.fit()
      #expect(try trainer.model.evaluate(on: SmallImages()).bitsPerDimension < before - 0.2)
      #expect(trainer.keptActivations.kept.steps == [3, 2])
    }
  }

  /// Two steps of flow a level give way to four masked steps, and the cost stays about the same; all else is demo's.
  @Test func thePresetIsOfDemosSize() throws {
    let sizes = [Preset.demo, .maskedGlow].map(\.model.parameterCount)
    #expect(sizes[1] < sizes[0] && Double(sizes[1]) > 0.7 * Double(sizes[0]), "\(sizes)")
    #expect(Preset.maskedGlow.training.images == Preset.demo.training.images)
  }
}

import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// A family, and training of eight steps with some settings.
struct FamilyTraining: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let model: any FlowConfiguration
  let training: TrainingConfiguration
  /// Steps of flow that keep their activations.
  let kept: [Int]

  init(
    _ name: String, _ model: any FlowConfiguration, kept: [Int], _ change: (inout TrainingConfiguration) -> Void
  ) {
    testDescription = name
    self.model = model
    self.kept = kept
    training = Small.training(change)
  }

  static let plain = [
    FamilyTraining("RealNVP", Small.realNVP(), kept: []) { $0.averageImages = 0 },
    FamilyTraining("MaskedGlow", Small.maskedGlow(), kept: [3, 2]) { _ in },
  ]

  static let inParts = [
    FamilyTraining("RealNVP, in parts", Small.realNVP(), kept: []) {
      $0.averageImages = 0
      $0.microBatch = 3
      $0.gradientClip = 0.5
    },
    FamilyTraining("MaskedGlow, in parts, nothing kept", Small.maskedGlow(), kept: [0, 0]) {
      $0.memory = .reversible
      $0.microBatch = 3
      $0.gradientClip = 0.5
    },
    FamilyTraining("MaskedGlow with attributes", Small.maskedGlow(attributes: ["a", "b", "c"]), kept: [3, 2]) {
      $0.conditionDropout = 0.7
    },
  ]

  func trainer(images: Int? = nil, in folder: URL) throws -> Trainer {
    var training = training
    if let images { training.images = images }
    return try Small.trainer(training, model: model, in: folder)
  }
}

/// What training does for the families that ``TrainerTests`` do not train.
@Suite(.serialized) struct FamilyTrainingTests {
  /// To the bit, whether a stop or a due checkpoint saved the state.
  @Test(arguments: FamilyTraining.plain + FamilyTraining.inParts)
  func resumingIsExactAfterAnyStep(family: FamilyTraining) throws {
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      try family.trainer(in: whole).fit()
      let expected = try Small.state(whole)
      for steps in 1...7 {
        let run = folder.appending(path: "stopped-\(steps)")
        try Small.stop(family.trainer(in: run), after: steps)
        let trainer = try Small.resumed(run)
        #expect(type(of: trainer.model.configuration) == type(of: family.model) && trainer.imagesSeen == 8 * steps)
        #expect(trainer.keptActivations.kept.steps == family.kept)
        try trainer.fit()
        #expect(try Small.state(run) == expected, "stopped after step \(steps)")
      }
    }
  }

  @Test(arguments: FamilyTraining.plain) func trainingLearns(family: FamilyTraining) throws {
    try withTemporaryFolder { folder in
      let trainer = try family.trainer(images: 1600, in: folder)
      let before = try trainer.model.evaluate(on: SmallImages()).bitsPerDimension
      try trainer.fit()
      let after = try trainer.model.evaluate(on: SmallImages())
      #expect(after.bitsPerDimension < before - 0.2)
      #expect(!after.conditional && after.accuracy == nil)
      #expect(trainer.keptActivations.kept.steps == family.kept)
    }
  }
}

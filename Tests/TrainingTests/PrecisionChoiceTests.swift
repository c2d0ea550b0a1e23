import FlowModels
import Flows
import Foundation
import ModelImages
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct PrecisionChoiceTests {
  private var unsaid: TrainingConfiguration { Small.training { $0.precision = nil } }

  @Test func aNewRunChoosesAndKeepsItsChoice() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(unsaid, in: folder.appending(path: "run"))
      let expected: ConditionerPrecision = Runtime.hasBFloat16Products ? .bfloat16 : .float32
      #expect(trainer.configuration.precision == expected)
      #expect(trainer.model.precision == expected)
      #expect((trainer.precisionChoice != nil) == Runtime.hasBFloat16Products)
      try trainer.fit()
      #expect(try Trainer.savedConfiguration(of: trainer.run).precision == expected)

      let given = try Small.trainer(
        Small.training { $0.precision = expected }, in: folder.appending(path: "given"))
      try given.fit()
      #expect(
        try trainer.model.parameters.values.elements(Float.self) == given.model.parameters.values.elements(Float.self))
    }
  }

  /// What the run would have been without the pass.
  @Test func thePassLeavesTheModelAsItWas() throws {
    guard Runtime.hasBFloat16Products else { return }
    try withTemporaryFolder { folder in
      let chosen = try Small.trainer(unsaid, in: folder.appending(path: "chosen"))
      let given = try Small.trainer(Small.training { $0.precision = .bfloat16 }, in: folder.appending(path: "given"))
      for part in [\ParameterVector.values, \.gradients] {
        let (found, expected) = (chosen.model.parameters[keyPath: part], given.model.parameters[keyPath: part])
        #expect(try found.elements(Float.self) == expected.elements(Float.self))
      }
      #expect(chosen.keptActivations.kept == given.keptActivations.kept)
    }
  }

  @Test func harmIsRefused() {
    #expect(PrecisionChoice(lossDifference: 0.001, gradientDifference: 0.01).precision == .bfloat16)
    #expect(PrecisionChoice(lossDifference: 0.02, gradientDifference: 0.01).precision == .float32)
    #expect(PrecisionChoice(lossDifference: 0.001, gradientDifference: 0.06).precision == .float32)
    #expect(PrecisionChoice(lossDifference: .nan, gradientDifference: 0.01).precision == .float32)
    #expect(PrecisionChoice(lossDifference: 0.001, gradientDifference: .nan).precision == .float32)
  }
}

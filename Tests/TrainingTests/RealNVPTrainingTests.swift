import Datasets
import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct RealNVPTrainingTests {
  private func trainer(images: Int = 64, in folder: URL) throws -> Trainer {
    try Small.trainer(
      Small.training {
        $0.averageImages = 0
        $0.images = images
      }, model: Small.realNVP(), in: folder)
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
      #expect(try Small.state(run) == Small.state(whole))
    }
  }

  @Test func checkpointsHoldTheAverages() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainer(images: 1600, in: folder)
      try trainer.fit()
      let saved = try ModelFolder.read(RunFolder(folder).checkpoints.last!)
      #expect(
        try saved.evaluate(on: SmallImages()).bitsPerDimension
          == trainer.model.evaluate(on: SmallImages()).bitsPerDimension)
    }
  }

  @Test func weightsAreNotAveraged() throws {
    try withTemporaryFolder { folder in
      let error = try #require(throws: ModelError.self) {
        try Small.trainer(model: Small.realNVP(), in: folder)
      }
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

import Datasets
import FlowModels
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs that begin as another model.
@Suite(.serialized) struct FineTuningTests {
  private func trainer(
    from source: any FlowModel, model: (any FlowConfiguration)? = nil,
    _ training: TrainingConfiguration = Small.training(), in folder: URL
  ) throws -> Trainer {
    try Runtime.setThreadCount(1)
    let model = model ?? source.configuration
    var training = training
    training.from = try ModelOrigin(source, at: "old")
    return try Trainer(
      model: model, training: training, startingFrom: source, train: Small.images(for: model),
      validation: Small.images(.validation, count: 6, for: model), run: RunFolder(folder))
  }

  private func source(_ configuration: any FlowConfiguration, in folder: URL) throws -> any FlowModel {
    var training = Small.training()
    if configuration is RealNVPConfiguration { training.averageImages = 0 }
    try Small.trainer(training, model: configuration, in: folder).fit()
    return try ModelFolder.read(ModelLocation.resolve(folder.path))
  }

  @Test(
    arguments: [Small.model(), Small.realNVP(), Small.maskedGlow(attributes: ["a", "b"])] as [any FlowConfiguration])
  func itBeginsAtTheModelsOwnBits(configuration: any FlowConfiguration) throws {
    try withTemporaryFolder { folder in
      let source = try source(configuration, in: folder.appending(path: "old"))
      let images = Small.images(.validation, count: 6, for: configuration)
      let expected = try source.evaluate(on: images, seed: 0).bitsPerDimension
      var training = Small.training()
      if configuration is RealNVPConfiguration { training.averageImages = 0 }
      let run = folder.appending(path: "new")
      let trainer = try trainer(from: source, training, in: run)
      #expect(try trainer.model.evaluate(on: images, seed: 0).bitsPerDimension == expected)
      #expect(trainer.takenTensors?.new.isEmpty == true)
      try Small.stop(trainer, after: 1)
      let saved = try Trainer.savedConfiguration(of: RunFolder(run))
      #expect(try saved.from == ModelOrigin(model: "old", weights: source.fingerprint()))
    }
  }

  @Test func resumingIsExact() throws {
    try withTemporaryFolder { folder in
      let source = try source(Small.model(), in: folder.appending(path: "old"))
      let whole = folder.appending(path: "whole")
      try trainer(from: source, in: whole).fit()
      let expected = try Small.state(whole)
      for steps in [1, 4, 7] {
        let run = folder.appending(path: "stopped-\(steps)")
        try Small.stop(trainer(from: source, in: run), after: steps)
        try Small.resumed(run).fit()
        #expect(try Small.state(run) == expected, "stopped after step \(steps)")
      }
      // Another beginning is another run.
      let fresh = folder.appending(path: "fresh")
      try Small.trainer(in: fresh).fit()
      #expect(try Small.state(fresh) != expected)
    }
  }

  /// What was taken is not set from data again.
  @Test func nothingIsInitializedFromData() throws {
    try withTemporaryFolder { folder in
      let source = try Small.randomModel(Small.model())
      let trainer = try trainer(from: source, in: folder)
      try expectClose(
        trainer.model.parameters.values.converted(to: .float64), source.parameters.values, within: 1e-6, "weights")
    }
  }

  @Test func settingsWithoutABeginningStayReadable() throws {
    let old = try JSONEncoder().encode(Small.training())
    #expect(!String(decoding: old, as: UTF8.self).contains("from"))
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: old).from == nil)
  }

  /// A card says what the checkpoint knows.
  @Test func modelCard() throws {
    try withTemporaryFolder { folder in
      let source = try source(Small.model(), in: folder.appending(path: "old"))
      let run = folder.appending(path: "new")
      try trainer(from: source, in: run).fit()
      let checkpoint = try ModelLocation.resolve(run.path)
      let model = try ModelFolder.read(checkpoint)
      let text = try HubCard(model, in: checkpoint, as: .float16, license: "mit").text
      let validation = try #require(TrainingState.read(checkpoint).validation)
      for part in [
        "---\nlibrary_name: swift-glow\nlicense: \"mit\"\npipeline_tag: unconditional-image-generation\n",
        "family: glow\n", "seed: 0\n", "| begun as | old |", "@inproceedings{kingma2018glow",
        String(format: "bits_per_dim: %.4f\n---\n", validation),
        String(format: "%.4f bits/dim on 5 validation images", validation),
        "before the weights were rounded", "--split validation --limit 5 --seed 0",
      ] { #expect(text.contains(part), "no \(part) in:\n\(text)") }
      // What is not known is left out.
      let plain = folder.appending(path: "plain")
      try FileManager.default.createDirectory(at: plain, withIntermediateDirectories: true)
      try ModelFolder.write(model, to: plain)
      let bare = try HubCard(model, in: plain)
      for part in ["license", "seed", "data:", "bits/dim", "bits_per_dim", "begun"] {
        #expect(!bare.text.contains(part), "\(part) in:\n\(bare.text)")
      }
      #expect(try bare.write(to: plain) && bare.write(to: plain))
      try "mine".write(to: plain.appending(path: "README.md"), atomically: true, encoding: .utf8)
      #expect(try !bare.write(to: plain))
    }
  }
}

import Datasets
import FlowModels
import Flows
import Foundation
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

@Suite(.serialized) struct TrainerTests {
  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "checkpoints").path).sorted()
  }

  /// The files that decide how training goes on.
  private func state(_ folder: URL, images: Int) throws -> [Data] {
    try ["model.safetensors", "training.safetensors"].map {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-\(images)/\($0)"))
    }
  }

  private func metrics(_ folder: URL) throws -> [Metrics] {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try Data(contentsOf: folder.appending(path: "metrics.jsonl")).split(separator: UInt8(ascii: "\n"))
      .map { try decoder.decode(Metrics.self, from: $0) }
  }

  @Test(
    arguments: [
      Small.training(), Small.training { $0.optimizer = .adam },
      Small.training { ($0.optimizer, $0.gradientClip, $0.weightDecay) = (.muon, 0.5, 0.1) },
      Small.training {
        $0.averageImages = 0
        $0.memory = .reversible
        $0.microBatch = 3
        $0.decay = .cosine
        $0.gradientClip = 0.5
        $0.augmentation = Augmentation(horizontalFlip: true, shift: 0.3)
      },
    ] + (Runtime.hasBFloat16Products ? [Small.training { $0.precision = .bfloat16 }] : []))
  func resumingIsExactAfterAnyStep(training: TrainingConfiguration) throws {
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      try Small.trainer(training, in: whole).fit()
      let expected = try state(whole, images: 64)
      for steps in 1...7 {
        let run = folder.appending(path: "stopped-\(steps)")
        try Small.stop(Small.trainer(training, in: run), after: steps)
        let trainer = try Small.resumed(run)
        #expect(trainer.imagesSeen == 8 * steps && !trainer.isFinished)
        try trainer.fit()
        #expect(trainer.isFinished)
        #expect(try state(run, images: 64) == expected, "stopped after step \(steps)")
      }
    }
  }

  @Test func resumingAClassifierIsExact() throws {
    var model = Small.model(classNames: ["a", "b", "c"])
    model.classifier = true
    let training = Small.training { $0.weightY = 0.5 }
    try withTemporaryFolder { folder in
      let (whole, stopped) = (folder.appending(path: "whole"), folder.appending(path: "stopped"))
      try Small.trainer(training, model: model, in: whole).fit()
      try Small.stop(Small.trainer(training, model: model, in: stopped), after: 3)
      try Small.resumed(stopped).fit()
      #expect(try state(stopped, images: 64) == state(whole, images: 64))
    }
  }

  @Test func aLongerRunGoesOnFromAShorterOne() throws {
    try withTemporaryFolder { folder in
      let (long, short) = (folder.appending(path: "long"), folder.appending(path: "short"))
      try Small.trainer(Small.training { $0.images = 128 }, in: long).fit()
      try Small.trainer(in: short).fit()
      let trainer = try Small.resumed(short, images: 128)
      #expect(trainer.configuration.images == 128)
      try trainer.fit()
      #expect(try state(short, images: 128) == state(long, images: 128))
    }
  }

  @Test func trainingLearns() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(Small.training { $0.images = 1600 }, in: folder)
      let before = try trainer.model.evaluate(on: SmallImages()).bitsPerDimension
      var progress: [TrainingProgress] = []
      trainer.onProgress = { progress.append($0) }
      try trainer.fit()
      #expect(try trainer.model.evaluate(on: SmallImages()).bitsPerDimension < before - 0.2)
      #expect(progress.map(\.images) == Array(stride(from: 8, through: 1600, by: 8)))
      #expect(progress.allSatisfy { $0.totalImages == 1600 && $0.imagesPerSecond > 0 && $0.secondsLeft >= 0 })
    }
  }

  @Test func theNewestTwoCheckpointsStay() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      #expect(try names(folder) == ["images-48", "images-64"])
      #expect(RunFolder(folder).checkpoints.map(\.lastPathComponent) == ["images-48", "images-64"])
    }
  }

  @Test func leftoversOfACrashAreIgnored() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 2)
      for name in [".images-640.tmp", ".images-24.tmp", "images-800", "images-x"] {
        let leftover = folder.appending(path: "checkpoints/\(name)")
        try FileManager.default.createDirectory(at: leftover, withIntermediateDirectories: true)
        if name != "images-800" { try Data("{".utf8).write(to: leftover.appending(path: "config.json")) }
      }
      let trainer = try Small.resumed(folder)
      #expect(trainer.imagesSeen == 16)
      try trainer.fit()
      #expect(RunFolder(folder).checkpoints.last?.lastPathComponent == "images-64")
    }
  }

  @Test func afterFitTheModelHoldsTheAverageLikeTheCheckpoint() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(in: folder)
      var raw: [Float] = []
      trainer.onProgress = { _ in raw = try! trainer.model.parameters.values.elements() }
      try trainer.fit()
      let averaged: [Float] = try trainer.model.parameters.values.elements()
      #expect(averaged != raw)
      #expect(try trainer.withAveragedWeights { try trainer.model.parameters.values.elements() } == averaged)
      let checkpoint = folder.appending(path: "checkpoints/images-64")
      let model = try ModelFolder.read(checkpoint, as: Glow.self)
      #expect(try model.parameters.values.elements(Float.self) == averaged)
      #expect(try model.fingerprint() == trainer.model.fingerprint())
      try Trainer.loadRawWeights(into: model, from: checkpoint)
      #expect(try model.parameters.values.elements(Float.self) == raw)
      #expect(try Trainer.savedConfiguration(ofCheckpoint: checkpoint) == trainer.configuration)
    }
  }

  /// The averaged weights are for whoever uses the model: training goes on from its own.
  @Test(arguments: [ConditionerPrecision.float32] + (Runtime.hasBFloat16Products ? [.bfloat16] : []))
  func aSecondFitGoesOnFromTheLastStep(precision: ConditionerPrecision) throws {
    try withTemporaryFolder { folder in
      let training = Small.training { $0.precision = precision }
      let (whole, stopped) = (folder.appending(path: "whole"), folder.appending(path: "stopped"))
      try Small.trainer(training, in: whole).fit()
      let trainer = try Small.trainer(training, in: stopped)
      try Small.stop(trainer, after: 3)
      #expect(trainer.imagesSeen == 24 && trainer.model.precision == .float32)
      // What someone does with the model in between is not training.
      try trainer.model.parameters.values.zeroInPlace()
      try trainer.fit()
      #expect(trainer.isFinished)
      #expect(try state(stopped, images: 64) == state(whole, images: 64))
      try trainer.fit()
      #expect(try state(stopped, images: 64) == state(whole, images: 64))
    }
  }

  @Test func withoutAnAverageTheModelHoldsTheLastStep() throws {
    try withTemporaryFolder { folder in
      let trainer = try Small.trainer(Small.training { $0.averageImages = 0 }, in: folder)
      var raw: [Float] = []
      trainer.onProgress = { _ in raw = try! trainer.model.parameters.values.elements() }
      try trainer.fit()
      #expect(try trainer.model.parameters.values.elements(Float.self) == raw)
    }
  }

  @Test func metricsHaveALineAValidation() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      let lines = try metrics(folder)
      #expect(lines.map(\.images) == [24, 48, 64] && lines.map(\.step) == [3, 6, 8])
      for line in lines {
        #expect(line.validationBitsPerDimension != nil && line.gradientNorm > 0)
        #expect(try #require(line.roundTripError) < 1e-4)
        #expect(try #require(line.worstConditionNumber) >= 1)
      }
    }
  }

  @Test func resumingDropsTheLinesAfterTheCheckpoint() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 4)
      let file = folder.appending(path: "metrics.jsonl")
      let before = try Data(contentsOf: file)
      let line = String(decoding: before, as: UTF8.self)
      let later = line.replacingOccurrences(of: "\"images\":24", with: "\"images\":40")
      try (before + Data((later + "{\"images\":").utf8)).write(to: file)
      let trainer = try Small.resumed(folder)
      #expect(try Data(contentsOf: file) == before)
      try trainer.fit()
      #expect(try metrics(folder).map(\.images) == [24, 48, 64])
    }
  }

  @Test func metricsThatAreNotFiniteAreWritten() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder)
      let line = Metrics(
        images: 8, step: 1, seconds: 1, trainBitsPerDimension: 4, validationBitsPerDimension: .infinity,
        gradientNorm: 1, learningRate: 1, imagesPerSecond: 1, roundTripError: .nan)
      try run.append(line)
      try run.append(line)
      #expect(try metrics(folder).map(\.validationBitsPerDimension) == [.infinity, .infinity])
      try run.truncateMetrics(after: 8)
      #expect(try metrics(folder).count == 2)
    }
  }

  @Test func aRunIsNotStartedOver() throws {
    try withTemporaryFolder { folder in
      try Small.trainer(in: folder).fit()
      let before = try state(folder, images: 64)
      let error = try #require(throws: TrainingError.self) { try Small.trainer(in: folder) }
      #expect("\(error)".contains("\(folder.path) already holds a run") && "\(error)".contains("glow resume"))
      #expect(try state(folder, images: 64) == before)
    }
  }

  @Test func aFailedCheckpointLeavesTheLastOne() throws {
    try withTemporaryFolder { folder in
      struct Full: Error {}
      let run = RunFolder(folder)
      try Small.trainer(in: folder).fit()
      let before = try state(folder, images: 64)
      #expect(throws: Full.self) {
        try run.writeCheckpoint(images: 64) { folder in
          try Data("half".utf8).write(to: folder.appending(path: "config.json"))
          throw Full()
        }
      }
      #expect(try names(folder) == ["images-48", "images-64"])
      #expect(try state(folder, images: 64) == before)
    }
  }

  @Test func aLossThatIsNotFiniteNamesTheLayerAndKeepsTheCheckpoint() throws {
    try withTemporaryFolder { folder in
      try Small.stop(
        Small.trainer(Small.training { $0.guards = Small.noRollBacks }, in: folder), after: 2)
      let before = try state(folder, images: 16)
      let trainer = try Small.resumed(folder)
      let bias = try #require(trainer.model.parameters.parameters.first { $0.name == "level1.step2.actnorm.bias" })
      try bias.value.assign(Tensor.full(.nan, bias.value.shape))
      let error = try #require(throws: TrainingError.self) { try trainer.fit() }
      let text = "\(error)"
      #expect(text.contains("the loss is not finite after 16 images"), "\(text)")
      #expect(text.contains("is that of level1.step2.actnorm;"), "\(text)")
      #expect(text.contains("checkpoints/images-16 is intact"), "\(text)")
      #expect(try names(folder) == ["images-0", "images-16"] && state(folder, images: 16) == before)
      try Small.resumed(folder).fit()
    }
  }

  @Test func aGradientThatIsTooLargeKeepsTheCheckpoint() throws {
    try withTemporaryFolder { folder in
      try Small.stop(
        Small.trainer(Small.training { $0.guards = Small.noRollBacks }, in: folder), after: 2)
      let before = try state(folder, images: 16)
      let trainer = try Small.resumed(folder)
      let bias = try #require(trainer.model.parameters.parameters.first { $0.name == "prior.bias" })
      // A deviation so small that the loss still is a float, but no longer the square of its derivative.
      try bias.value.narrowed(0, 4..<8).assign(Tensor.full(-35, [4]))
      let text = "\(try #require(throws: TrainingError.self) { try trainer.fit() })"
      #expect(text.contains("the gradient is not finite after 16 images: its norm is too large"), "\(text)")
      #expect(text.contains("checkpoints/images-16 is intact"), "\(text)")
      #expect(try names(folder) == ["images-0", "images-16"] && state(folder, images: 16) == before)
    }
  }

  /// Training that survives the first step, but not the second.
  private func divergingTrainer(scale: GlowConfiguration.Scale, images: Int = 800, in folder: URL) throws -> Trainer {
    let training = Small.training {
      $0.images = images
      $0.optimizer = .adam
      $0.learningRate = 9.9
      $0.warmupImages = 400
      $0.averageImages = 0
      $0.memory = .reversible
      $0.checkpointEvery = 8
      $0.validateEvery = 1_000_000
      $0.guards = Small.noRollBacks
    }
    var model = Small.model()
    model.scale = scale
    return try Small.trainer(training, model: model, in: folder)
  }

  /// A step can leave weights that cannot be trained further; they must not become the last checkpoint.
  @Test(arguments: [
    (GlowConfiguration.Scale.exponential, "the loss is not finite after 16 images: the first output", ".coupling;"),
    (.sigmoid, "the gradient is not finite after 16 images: the first on the way back", ".permutation.logDiagonal;"),
  ])
  func weightsThatDivergeAreNotSaved(scale: GlowConfiguration.Scale, start: String, layer: String) throws {
    try withTemporaryFolder { folder in
      let trainer = try divergingTrainer(scale: scale, in: folder)
      let text = "\(try #require(throws: TrainingError.self) { try trainer.fit() })"
      #expect(text.hasPrefix(start) && text.contains(" is that of level1.step") && text.contains(layer), "\(text)")
      #expect(try names(folder) == ["images-0", "images-8"])
      #expect(text.contains("the checkpoint \(RunFolder(folder).checkpoints[1].path) is intact"), "\(text)")
      let model = try ModelFolder.read(RunFolder(folder).checkpoints[1], as: Glow.self)
      #expect(try model.evaluate(on: SmallImages()).bitsPerDimension.isFinite)
    }
  }

  /// Where no step follows that would notice.
  @Test(arguments: [true, false]) func weightsThatDivergeInTheLastStepAreNotSaved(stopped: Bool) throws {
    try withTemporaryFolder { folder in
      let trainer = try divergingTrainer(scale: .exponential, images: stopped ? 800 : 16, in: folder)
      let error = try #require(throws: TrainingError.self) { try Small.stop(trainer, after: 2) }
      #expect("\(error)".hasPrefix("the loss ") && "\(error)".contains("is not finite after 16 images: "), "\(error)")
      #expect(try names(folder) == ["images-0", "images-8"])
    }
  }

  @Test func dataThatDoNotFitTheModel() throws {
    try withTemporaryFolder { folder in
      let wide = SmallImages(shape: ImageShape(height: 4, width: 8, channels: 1))
      let error = try #require(throws: ModelError.self) {
        try Trainer(
          model: Small.model(), training: Small.training(), train: wide, validation: wide,
          run: RunFolder(folder))
      }
      #expect("\(error)" == "the images of small are 4x8x1, the model takes 4x4x1")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
  }

  @Test func memoryPoliciesAndPartsTrainAlike() throws {
    try withTemporaryFolder { folder in
      let changes: [(inout TrainingConfiguration) -> Void] = [
        { $0.memory = .keep }, { $0.memory = .reversible }, { $0.memory = .auto },
        {
          $0.memory = .keep
          $0.microBatch = 3
        },
        { $0.microBatch = 100 },
      ]
      let values = try changes.enumerated().map { index, change in
        let trainer = try Small.trainer(Small.training(change), in: folder.appending(path: "\(index)"))
        try trainer.fit()
        return try trainer.model.parameters.values.elements(Double.self)
      }
      for (index, other) in values.enumerated().dropFirst() {
        expectClose(other, values[0], within: 1e-3, "weights of run \(index)")
      }
    }
  }

  /// What the budget decided stays decided: a resumed run rounds as the one before.
  @Test func thePlanIsPartOfTheRun() throws {
    try withTemporaryFolder { folder in
      // One step of the small model keeps 2 x 2 pixels of 4 + 2 * 4 + 4 float32 numbers for each image.
      let step = 8 * 4 * 16 * 4
      for (budget, expected) in [(0, 0), (step, 1), (2 * step - 1, 1), (2 * step, 2)] {
        let run = folder.appending(path: "\(budget)")
        let trainer = try Small.trainer(Small.training { $0.memoryBudget = budget }, in: run)
        #expect(trainer.keptActivations.kept.steps == [expected])
        #expect(trainer.keptActivations.bytes == expected * step)
        try Small.stop(trainer, after: 1)
        #expect(try Small.resumed(run).keptActivations.kept.steps == [expected])
      }
    }
  }
}

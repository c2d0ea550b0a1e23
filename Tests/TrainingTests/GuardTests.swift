import FlowModels
import Foundation
import InMemoryLogging
import Logging
import Runs
import TestSupport
import Testing
import Torch

@testable import Training

/// Models driven on purpose into each of the states that training refuses.
@Suite(.serialized) struct GuardTests {
  /// What ruins a model, and what training then says of it.
  struct Ruin: Sendable, CustomTestStringConvertible {
    let parameter: String
    let value: Double
    let says: [String]
    /// After how many images.
    var at = 40
    /// All elements or the first.
    var all = true
    var model: @Sendable (inout GlowConfiguration) -> Void = { _ in }
    var guards: @Sendable (inout Guards) -> Void = { _ in }

    var testDescription: String { "\(parameter) \(value)" }

    func apply(to model: any FlowModel) throws {
      let parameter = try #require(model.parameters.parameters.first { $0.name == self.parameter })
      var elements = try parameter.value.elements(Float.self)
      for index in 0..<(all ? elements.count : 1) { elements[index] = Float(value) }
      try parameter.value.assign(Tensor(elements, shape: parameter.value.shape))
    }
  }

  static let ruins = [
    Ruin(
      parameter: "level1.step2.actnorm.bias", value: .nan,
      says: ["after 40 images: the loss is not finite", "that of level1.step2.actnorm"]),
    // Seen by the validation first.
    Ruin(
      parameter: "level1.step2.actnorm.bias", value: .nan,
      says: ["after 48 images: the loss on validation images is not finite", "that of level1.step2.actnorm"], at: 48),
    // A deviation so small that the loss still is a float, but no longer the square of its derivative.
    Ruin(parameter: "prior.bias", value: -35, says: ["the gradient is not finite", "its norm is too large"]),
    Ruin(
      parameter: "level1.step2.permutation.weight", value: 0,
      says: ["after 40 images", "level1.step2.permutation"], model: { $0.permutation = .conv1x1 }),
    Ruin(
      parameter: "level1.step2.permutation.logDiagonal", value: -16,
      says: [
        "after 48 images: a condition number is ", "beyond the limit of 1e+05: it is that of level1.step2.permutation",
      ],
      at: 48, all: false),
    Ruin(
      parameter: "level1.step2.coupling.conditioner.conv3.bias", value: 5,
      says: ["a coupling's scale is ", "beyond the limit of 20: it is that of level1.step2.coupling"], at: 48,
      model: { $0.scale = .exponential }, guards: { $0.scale = 20 }),
    Ruin(
      parameter: "level1.step2.coupling.conditioner.conv3.bias", value: -8,
      says: ["the inverse of a coupling's scale is ", "beyond the limit of 20: it is that of level1.step2.coupling"],
      at: 48, guards: { $0.scale = 20 }),
    Ruin(
      parameter: "level1.step1.actnorm.bias", value: 1e5,
      says: [
        "the inverse explodes: the round-trip error is ", "beyond the limit of 0.00195",
        " inverts worst",
      ],
      at: 48, model: { $0.coupling = .additive }),
  ]

  private func trainer(_ ruin: Ruin, in folder: URL, _ change: (inout Guards) -> Void = { _ in }) throws -> Trainer {
    var guards = Guards()
    guards.images = 16
    ruin.guards(&guards)
    change(&guards)
    var model = Small.model()
    ruin.model(&model)
    return try Small.trainer(
      Small.training { ($0.guards, $0.averageImages, $0.warmupImages, $0.images) = (guards, 0, 0, 96) }, model: model,
      in: folder)
  }

  private func logged(_ trainer: Trainer) -> InMemoryLogHandler {
    let handler = InMemoryLogHandler()
    trainer.logger = Logger(label: "test") { _ in handler }
    return handler
  }

  private func errors(_ log: InMemoryLogHandler) -> [String] {
    log.entries.filter { $0.level == .error }.map { "\($0.message)" }
  }

  @Test(arguments: ruins) func aRuinedModelRollsBackAndGoesOn(ruin: Ruin) throws {
    try withTemporaryFolder { folder in
      let trainer = try trainer(ruin, in: folder)
      let log = logged(trainer)
      var ruined = false
      trainer.onProgress = { progress in
        guard progress.images == ruin.at, !ruined else { return }
        ruined = true
        try! ruin.apply(to: trainer.model)
      }
      try trainer.fit()
      #expect(trainer.isFinished)
      let errors = errors(log)
      #expect(errors.count == 2, "\(errors)")
      for words in ruin.says { #expect(errors[0].contains(words), "\(words) in: \(errors[0])") }
      #expect(errors[1] == "rolled back to images-32; 0.5 of the learning rate until \(ruin.at + 16) images")
      // A lower rate until 16 images after the refused step, then again the planned one; and no line of what was undone.
      let lines = try RunFolder(folder).metrics()
      #expect(lines.map(\.images) == [24, 48, 72, 96])
      #expect(lines.map { $0.learningRate } == [0.01, 0.005, 0.01, 0.01])
      #expect(try RunFolder(folder).layers().map(\.images) == [24, 48, 72, 96])
      #expect(try trainer.model.evaluate(on: SmallImages()).bitsPerDimension.isFinite)
    }
  }

  @Test(arguments: [0, 1, 3]) func whatKeepsComingBackIsGivenUp(rollBacks: Int) throws {
    try withTemporaryFolder { folder in
      let ruin = Self.ruins[0]
      let trainer = try trainer(ruin, in: folder) { $0.rollBacks = rollBacks }
      let log = logged(trainer)
      trainer.onProgress = { if $0.images == ruin.at { try! ruin.apply(to: trainer.model) } }
      let error = try #require(throws: TrainingError.self) { try trainer.fit() }
      #expect(error.kind == .diverged)
      #expect(error.description.hasPrefix("the loss is not finite after 40 images: "), "\(error)")
      let gaveUp = "gave up after rolling back \(rollBacks) time\(rollBacks == 1 ? "" : "s") "
      #expect(error.description.contains(gaveUp) == (rollBacks > 0), "\(error)")
      // Each time one checkpoint further back.
      let back = errors(log).filter { $0.hasPrefix("rolled back") }.map {
        String($0.dropFirst(15).prefix { $0 != ";" })
      }
      #expect(back == ["images-32", "images-16", "images-16"].prefix(rollBacks).map { $0 })
      let last = try #require(RunFolder(folder).checkpoints.last)
      #expect(error.description.contains("the checkpoint \(last.path) is intact"), "\(error)")
      // Nothing ruins it now.
      let resumed = try Small.resumed(folder)
      #expect(resumed.notices.isEmpty)
      try resumed.fit()
      #expect(resumed.isFinished)
    }
  }

  /// After the guards gave up: other settings from the checkpoint that is left, and the guards begin anew.
  @Test func theAdviceCanBeFollowed() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let training = Small.training {
        ($0.images, $0.optimizer, $0.learningRate, $0.warmupImages) = (96, .adam, 9.9, 0)
        ($0.averageImages, $0.checkpointEvery) = (0, 8)
      }
      var model = Small.model()
      model.scale = .exponential
      let error = try #require(throws: TrainingError.self) {
        try Small.trainer(training, model: model, in: run).fit()
      }
      for words in [
        "glow resume", "a lower learning rate (--lr, now 9.9)", "a longer warm-up (--warmup, now 0)",
        "a gradient clip (--clip, now none)",
      ] { #expect(error.description.contains(words), "\(error)") }
      let newest = try #require(RunFolder(run).checkpoints.last)
      #expect(try TrainingState.read(newest).recovery?.rollBacks == 3)

      var changes = ChangedSettings()
      (changes.learningRate, changes.warmupImages, changes.gradientClip) = (0.01, 32, 50)
      func weights(_ run: URL) throws -> Data {
        let resumed = try Small.resumed(run, changing: changes)
        #expect(resumed.notices.count == 3 && resumed.notices[0].hasPrefix("learningRate is 0.01 from "))
        try resumed.fit()
        #expect(resumed.isFinished)
        let metrics = try RunFolder(run).metrics()
        #expect(metrics.last?.learningRate == 0.01)
        let state = try TrainingState.read(run.appending(path: "checkpoints/images-96"))
        #expect(state.recovery == nil && state.configuration.learningRate == 0.01)
        #expect(state.changes?.map(\.setting) == ["learningRate", "warmupImages", "gradientClip"])
        #expect(state.changes?.map(\.from) == [9.9, 0, 0] && state.changes?.map(\.to) == [0.01, 32, 50])
        return try Data(contentsOf: run.appending(path: "checkpoints/images-96/training.safetensors"))
      }
      let twin = folder.appending(path: "twin")
      try FileManager.default.copyItem(at: run, to: twin)
      #expect(try weights(run) == weights(twin))
    }
  }

  /// They hold from when they are said, also if nothing more is done; the same ones again are no change.
  @Test func changedSettingsAreOnDiskAtOnce() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 3)
      var changes = ChangedSettings()
      changes.learningRate = 0.001
      for _ in 0..<2 {
        let resumed = try Small.resumed(folder, changing: changes)
        // As `fit` begins.
        if resumed.savedImages == nil { try resumed.saveLast() }
        let state = try TrainingState.read(#require(RunFolder(folder).checkpoints.last))
        #expect(state.configuration.learningRate == 0.001 && state.changes?.count == 1)
      }
    }
  }

  @Test func changesThatMakeNoSense() throws {
    try withTemporaryFolder { folder in
      try Small.stop(Small.trainer(in: folder), after: 3)
      let before = try TrainingState.read(#require(RunFolder(folder).checkpoints.last)).configuration
      for (field, change) in [
        ("learningRate", { $0.learningRate = 0 }), ("warmupImages", { $0.warmupImages = -1 }),
        ("gradientClip", { $0.gradientClip = .nan }),
      ] as [(String, (inout ChangedSettings) -> Void)] {
        var changes = ChangedSettings()
        change(&changes)
        let error = try #require(throws: ModelError.self) { try Small.resumed(folder, changing: changes) }
        #expect("\(error)".contains(field), "\(error)")
      }
      #expect(try TrainingState.read(#require(RunFolder(folder).checkpoints.last)).configuration == before)
    }
  }

  /// Roll-backs are part of the run: stopped anywhere and resumed, it ends with the weights of one that was left alone.
  @Test func resumingAcrossRollBacksIsExact() throws {
    let training = Small.training {
      ($0.images, $0.optimizer, $0.learningRate, $0.warmupImages) = (200, .adam, 9.9, 400)
      ($0.averageImages, $0.checkpointEvery, $0.validateEvery) = (0, 8, 40)
      var guards = Guards()
      (guards.rollBacks, guards.images, guards.learningRateFactor) = (9, 24, 0.2)
      $0.guards = guards
    }
    var model = Small.model()
    model.scale = .exponential
    func weights(_ folder: URL) throws -> Data {
      try Data(contentsOf: folder.appending(path: "checkpoints/images-200/training.safetensors"))
    }
    func lines(_ folder: URL) throws -> [String] {
      try RunFolder(folder).metrics().map { "\($0.images) \($0.trainBitsPerDimension) \($0.learningRate)" }
    }
    try withTemporaryFolder { folder in
      let whole = folder.appending(path: "whole")
      let trainer = try Small.trainer(training, model: model, in: whole)
      let log = logged(trainer)
      var steps = 0
      trainer.onProgress = { _ in steps += 1 }
      try trainer.fit()
      #expect(errors(log).filter { $0.hasPrefix("rolled back") }.count > 1)
      for stop in stride(from: 2, to: steps, by: 8) {
        let run = folder.appending(path: "stopped-\(stop)")
        try Small.stop(Small.trainer(training, model: model, in: run), after: stop)
        try Small.resumed(run).fit()
        #expect(try weights(run) == weights(whole), "stopped after \(stop) steps")
        #expect(try lines(run) == lines(whole), "stopped after \(stop) steps")
      }
    }
  }

  static let nonsense: [(field: String, change: @Sendable (inout Guards) -> Void)] = [
    ("conditionNumber", { $0.conditionNumber = -1 }), ("scale", { $0.scale = .nan }),
    ("roundTripError", { $0.roundTripError = -1 }), ("rollBacks", { $0.rollBacks = -1 }),
    ("learningRateFactor", { $0.learningRateFactor = 1.5 }), ("images", { $0.images = -1 }),
  ]

  @Test(arguments: nonsense.indices) func limitsThatMakeNoSense(number: Int) throws {
    let (field, change) = Self.nonsense[number]
    var guards = Guards()
    change(&guards)
    let error = try #require(throws: ModelError.self) { try Small.training { $0.guards = guards }.validate() }
    #expect("\(error)".contains("guards.\(field)"), "\(error)")
  }
}

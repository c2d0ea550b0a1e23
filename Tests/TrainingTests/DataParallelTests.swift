import Cluster
import Datasets
import FlowModels
import Flows
import Foundation
import InMemoryLogging
import Logging
import Runs
import TestSupport
import Testing
import ThreadedJobs
import Torch

@testable import Training

/// Several ranks, as threads of this process, against one process by itself.
@Suite(.serialized) struct DataParallelTests {
  /// What a rank has at the end.
  struct End: Sendable {
    var values: [Double]
    var bufferValues: [[Double]]
    var average: [Double]
    var imagesSeen: Int
  }

  private static func end(of trainer: Trainer) throws -> End {
    End(
      values: try trainer.model.parameters.values.elements(),
      bufferValues: try trainer.model.buffers.map { try $0.value.elements() },
      average: try trainer.average?.value().elements() ?? [], imagesSeen: trainer.imagesSeen)
  }

  /// Trains on `ranks` ranks in float64 (0 for a process that is no part of a job).
  @discardableResult
  private static func train(
    _ ranks: Int, _ training: TrainingConfiguration = Small.training(),
    model: any FlowConfiguration & Sendable = Small.model(), in folder: URL, resuming: Bool = false, images: Int? = nil,
    changing changes: ChangedSettings = ChangedSettings(), dtype: DType = .float64, timeout: Double = 60,
    configure: @escaping @Sendable (Trainer) throws -> Void = { _ in }
  ) throws -> [Result<End, any Error>] {
    try Runtime.setThreadCount(1)
    let (train, validation) = (
      SmallImages(classNames: model.classNames), SmallImages(split: .validation, count: 6, classNames: model.classNames)
    )
    let body: @Sendable (Communicator?) throws -> End = { communicator in
      let options = TensorOptions(dtype)
      let trainer =
        resuming
        ? try Trainer(
          resuming: RunFolder(folder), images: images, changing: changes, train: train, validation: validation,
          options: options,
          communicator: communicator)
        : try Trainer(
          model: model, training: training, train: train, validation: validation, run: RunFolder(folder),
          options: options, communicator: communicator)
      try configure(trainer)
      try trainer.fit()
      try communicator?.leave()
      return try end(of: trainer)
    }
    if ranks == 0 { return [Result { try body(nil) }] }
    return try Job.run(ranks, timeout: timeout) { communicator in
      do { return try body(communicator) } catch {
        communicator.fail("\(error)")
        throw error
      }
    }
  }

  private func metrics(_ folder: URL) throws -> [Metrics] { try RunFolder(folder).metrics() }

  /// Expects all ranks to be the same to the bit, and as `expected` to rounding.
  private func expectEqual(_ found: [Result<End, any Error>], _ expected: End, _ what: String) throws {
    let first = try found[0].get()
    for other in found {
      let other = try other.get()
      #expect(
        other.values == first.values && other.average == first.average && other.bufferValues == first.bufferValues)
      #expect(other.imagesSeen == expected.imagesSeen)
    }
    expectClose(first.values, expected.values, within: 1e-9, "\(what): weights")
    expectClose(first.average, expected.average, within: 1e-9, "\(what): average")
  }

  @Test(
    arguments: [
      Small.training(), Small.training { ($0.optimizer, $0.gradientClip, $0.averageImages) = (.adam, 0.5, 0) },
      Small.training { ($0.optimizer, $0.weightDecay) = (.muon, 0.1) },
      Small.training {
        $0.microBatch = 2
        $0.memory = .reversible
        $0.bucketBytes = 1024
        $0.augmentation = Augmentation(horizontalFlip: true, shift: 0.3)
      },
    ])
  func anyNumberOfRanksEqualsOneProcess(_ training: TrainingConfiguration) throws {
    try withTemporaryFolder { folder in
      let alone = folder.appending(path: "alone")
      let expected = try Self.train(0, training, in: alone)[0].get()
      let lines = try metrics(alone)
      // Batches of 8, also where they cannot be divided evenly.
      for ranks in [1, 2, 3, 8] {
        let run = folder.appending(path: "\(ranks)")
        try expectEqual(Self.train(ranks, training, in: run), expected, "\(ranks) ranks")
        for (found, expected) in zip(try metrics(run), lines) {
          #expect(found.images == expected.images && found.ranks == ranks)
          let found = [found.trainBitsPerDimension, found.validationBitsPerDimension!, found.gradientNorm]
          let expected = [expected.trainBitsPerDimension, expected.validationBitsPerDimension!, expected.gradientNorm]
          expectClose(found, expected, within: 1e-9, "metrics of \(ranks) ranks")
        }
        #expect(try metrics(run).count == lines.count)
      }
    }
  }

  @Test func aClassifiersCrossEntropyIsSharedToo() throws {
    var model = Small.model(classNames: ["a", "b", "c"])
    model.classifier = true
    let training = Small.training { $0.weightY = 0.5 }
    try withTemporaryFolder { folder in
      let expected = try Self.train(0, training, model: model, in: folder.appending(path: "alone"))[0].get()
      try expectEqual(
        Self.train(3, training, model: model, in: folder.appending(path: "three")), expected, "three ranks")
    }
  }

  /// Batch normalizations see each rank's own part, as they see each part of a batch that one process takes in parts.
  @Test func aRealNVPEqualsOneProcessThatTakesItsBatchInParts() throws {
    let training = Small.training { $0.averageImages = 0 }
    var inParts = training
    inParts.microBatch = 4
    try withTemporaryFolder { folder in
      let expected = try Self.train(0, inParts, model: Small.realNVP(), in: folder.appending(path: "alone"))[0].get()
      let found = try Self.train(2, training, model: Small.realNVP(), in: folder.appending(path: "two"))
      try expectEqual(found, expected, "two ranks")
      for (own, other) in zip(try found[0].get().bufferValues, expected.bufferValues) {
        expectClose(own, other, within: 1e-9, "buffers")
      }
    }
  }

  @Test func aMaskedGlowEqualsOneProcess() throws {
    try withTemporaryFolder { folder in
      let expected = try Self.train(
        0, Small.training(), model: Small.maskedGlow(), in: folder.appending(path: "alone"))[0]
        .get()
      try expectEqual(
        Self.train(2, Small.training(), model: Small.maskedGlow(), in: folder.appending(path: "two")), expected,
        "two ranks")
    }
  }

  @Test func aRunGoesOnWithAnotherNumberOfRanks() throws {
    try withTemporaryFolder { folder in
      let expected = try Self.train(0, in: folder.appending(path: "alone"))[0].get()
      let run = folder.appending(path: "changing")
      let stops: @Sendable (Trainer) -> Void = { trainer in
        var asked = 0
        trainer.shouldStop = {
          asked += 1
          return asked == 2
        }
      }
      for (ranks, images) in [(2, 16), (3, 32), (0, 48)] {
        let ends = try Self.train(ranks, in: run, resuming: images > 16, configure: stops)
        #expect(try ends.map { try $0.get().imagesSeen } == ends.map { _ in images })
      }
      try expectEqual(Self.train(4, in: run, resuming: true), expected, "after 2, 3, 1 and 4 ranks")
      let (found, whole) = (try metrics(run), try metrics(folder.appending(path: "alone")))
      #expect(found.map(\.images) == whole.map(\.images))
    }
  }

  /// All ranks take the settings that rank 0 goes on with, and save before the first step.
  @Test func aRunGoesOnWithOtherSettings() throws {
    try withTemporaryFolder { folder in
      var changes = ChangedSettings()
      (changes.learningRate, changes.gradientClip) = (0.002, 0.5)
      func halves(_ ranks: Int, _ name: String) throws -> [Result<End, any Error>] {
        let run = folder.appending(path: name)
        try Self.train(ranks, Small.training { $0.images = 32 }, in: run)
        return try Self.train(ranks, in: run, resuming: true, images: 64, changing: changes)
      }
      try expectEqual(halves(3, "together"), halves(0, "alone")[0].get(), "after a change")
      #expect(try metrics(folder.appending(path: "together")).last?.learningRate == 0.002)
    }
  }

  @Test func oneRanksRequestStopsAllAfterTheSameStep() throws {
    try withTemporaryFolder { folder in
      let ends = try Self.train(3, in: folder.appending(path: "run")) { trainer in
        let isAsked = trainer.ranks.rank == 2
        trainer.shouldStop = { isAsked && trainer.imagesSeen >= 16 }
      }
      for end in ends { #expect(try end.get().imagesSeen == 24) }
      #expect(RunFolder(folder.appending(path: "run")).checkpoints.last?.lastPathComponent == "images-24")
    }
  }

  @Test func aValidationThatOneRankInterruptsIsMadeUp() throws {
    try withTemporaryFolder { folder in
      let (whole, run) = (folder.appending(path: "whole"), folder.appending(path: "run"))
      try Self.train(2, in: whole)
      let ends = try Self.train(2, in: run) { trainer in
        let isAsked = trainer.ranks.rank == 1
        trainer.shouldInterrupt = { isAsked && trainer.imagesSeen >= 48 }
      }
      for end in ends { #expect(try end.get().imagesSeen == 48) }
      try Self.train(2, in: run, resuming: true)
      let (found, expected) = (try metrics(run), try metrics(whole))
      #expect(found.map(\.validationBitsPerDimension) == expected.map(\.validationBitsPerDimension))
    }
  }

  @Test func allRollBackTogether() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let training = Small.training {
        var guards = Guards()
        guards.images = 16
        $0.guards = guards
      }
      let log = InMemoryLogHandler()
      let ends = try Self.train(3, training, in: run) { trainer in
        trainer.logger = Logger(label: "test") { _ in log }
        var isRuined = false
        trainer.onProgress = { progress in
          guard progress.images == 40, !isRuined else { return }
          isRuined = true
          try! trainer.model.parameters.values.assign(trainer.model.parameters.values * Double.nan)
        }
      }
      let first = try ends[0].get()
      for end in ends {
        let end = try end.get()
        #expect(end.values == first.values && end.imagesSeen == 64)
        let areFinite = end.values.allSatisfy { $0.isFinite }
        #expect(areFinite)
      }
      let messages = log.entries.map { "\($0.message)" }
      #expect(messages.count { $0.hasPrefix("step refused after 40 images: the loss is not finite") } == 1)
      #expect(messages.count { $0.hasPrefix("rolled back to images-32; 0.5 of the learning rate") } == 1)
    }
  }

  @Test func allGiveUpTogether() throws {
    try withTemporaryFolder { folder in
      let ends = try Self.train(
        2, Small.training { $0.guards = Small.noRollBacks }, in: folder.appending(path: "run")
      ) { trainer in
        // What only one rank sees of its own images is told to the other.
        let isFirst = trainer.ranks.isLeader
        trainer.onProgress = { progress in
          if progress.images == 40, !isFirst {
            try! trainer.model.parameters.values.assign(trainer.model.parameters.values * Double.nan)
          }
        }
      }
      for end in ends { #expect(end.problem?.contains("the loss is not finite after 40 images") ?? false, "\(end)") }
    }
  }

  @Test func weightsThatDifferAreFoundOut() throws {
    try withTemporaryFolder { folder in
      let ends = try Self.train(2, in: folder.appending(path: "run"), timeout: 10) { trainer in
        let isLast = trainer.ranks.rank == 1
        trainer.onProgress = { progress in
          guard progress.images == 8, isLast else { return }
          try! trainer.model.parameters.values.assign(trainer.model.parameters.values + 1e-12)
        }
      }
      for end in ends {
        #expect(end.problem?.contains("the weights of rank 1 (process ") ?? false, "\(end)")
        #expect(end.problem?.contains("are no longer those of rank 0") ?? false, "\(end)")
      }
    }
  }

  @Test func settingsThatDifferAreRefusedBeforeAnythingIsWritten() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      try Runtime.setThreadCount(1)
      let ends = try Job.run(2, timeout: 10) { communicator in
        do {
          _ = try Trainer(
            model: Small.model(), training: Small.training(),
            train: SmallImages(count: communicator.rank == 1 ? 19 : 20),
            validation: SmallImages(split: .validation, count: 6), run: RunFolder(run), communicator: communicator)
        } catch {
          communicator.fail("\(error)")
          throw error
        }
      }
      for end in ends { #expect(end.problem?.contains("has images.train.count 19 and rank 0 on ") ?? false, "\(end)") }
      #expect(!FileManager.default.fileExists(atPath: run.path))
    }
  }

  @Test func fewerImagesThanRanksAreRefused() throws {
    try withTemporaryFolder { folder in
      let ends = try Self.train(
        3, Small.training { $0.batchSize = 2 }, in: folder.appending(path: "run"), timeout: 10)
      for end in ends {
        #expect(
          end.problem?.contains(
            "batchSize is 2, expected 3 or more: each of 3 ranks needs an image of every batch") ?? false, "\(end)")
      }
    }
  }

  @Test func gradientsMayTravelAsBFloat16() throws {
    try withTemporaryFolder { folder in
      let exact = try Self.train(2, in: folder.appending(path: "exact"), dtype: .float32)[0].get()
      let rounded = try Self.train(
        2, Small.training { $0.wire = .bf16 }, in: folder.appending(path: "rounded"), dtype: .float32)
      let first = try rounded[0].get()
      for other in rounded { #expect(try other.get().values == first.values) }
      #expect(first.values != exact.values)
      // Adamax steps by the learning rate, 0.01, however large gradients are: rounding changes a small part of eight steps.
      expectClose(first.values, exact.values, within: 0.01, "weights")
      let bytes = try ["exact", "rounded"].map { try metrics(folder.appending(path: $0)).last!.bytesReducedPerStep! }
      #expect(bytes[1] < bytes[0] * 6 / 10)
    }
  }

  @Test func gradientsLeaveWhileEarlierLayersAreAtWork() throws {
    try Runtime.setThreadCount(1)
    let results = try Job.run(2) { communicator in
      var configuration = Small.model()
      configuration.steps = 6
      let glow = try Small.randomModel(configuration)
      let reducer = GradientReducer(glow.parameters, communicator, bucketBytes: 1024, wire: .float32)
      let x = try Tensor.normal([4, 4, 4, 1], .float64, using: Generator(seed: UInt64(communicator.rank))) * 0.1
      var sent: [Int] = []
      try glow.accumulateGradients(x, share: 0.5) { start in
        try reducer.finish(from: start)
        sent.append(communicator.bytesReduced)
      }
      try reducer.wait()
      let total = communicator.bytesReduced
      try communicator.leave()
      return (sent, total, try glow.parameters.gradients.elements(Double.self))
    }
    let ends = try results.map { try $0.get() }
    #expect(ends[0].2 == ends[1].2)
    for (sent, total, gradients) in ends {
      #expect(sent.count == 6 && total == 8 * gradients.count)
      // After the first step back something is on its way, and before the last one most is.
      #expect(sent[0] > 0 && sent[4] > total / 2 && sent[4] < total)
    }
  }

  @Test func aSlowRankIsNamedOnce() throws {
    try withTemporaryFolder { folder in
      let log = InMemoryLogHandler()
      let training = Small.training { ($0.images, $0.validateEvery, $0.checkpointEvery) = (800, 160, 800) }
      let ends = try Self.train(3, training, in: folder.appending(path: "run")) { trainer in
        let isSlow = trainer.ranks.rank == 1
        trainer.logger = Logger(label: "test") { _ in log }
        trainer.onProgress = { _ in if isSlow { Thread.sleep(forTimeInterval: 0.02) } }
      }
      for end in ends { _ = try end.get() }
      let warnings = log.entries.map { "\($0.message)" }.filter { $0.contains("is slow: a step takes it") }
      #expect(warnings.count == 1 && warnings[0].hasPrefix("rank 1 (process "), "\(warnings)")
      let lines = try metrics(folder.appending(path: "run"))
      #expect(lines.allSatisfy { $0.waitingShare! > 0.5 }, "rank 0 waits for rank 1")
    }
  }

  @Test func damagedImagesAreCountedOverAllRanks() throws {
    try withTemporaryFolder { folder in
      try Runtime.setThreadCount(1)
      let run = { (limit: Int) in
        try Job.run(2, timeout: 10) { communicator in
          do {
            let trainer = try Trainer(
              model: Small.model(), training: Small.training { $0.skipDamaged = limit },
              train: DamagedImages(damaged: [3, 11, 12]), validation: SmallImages(split: .validation, count: 6),
              run: RunFolder(folder.appending(path: "\(limit)")), communicator: communicator)
            try trainer.fit()
            try communicator.leave()
            return (try Self.end(of: trainer).values, (trainer.train as! SkippingDataset).damaged)
          } catch {
            communicator.fail("\(error)")
            throw error
          }
        }
      }
      let ends = try run(3).map { try $0.get() }
      #expect(ends[0].0 == ends[1].0)
      for end in ends { #expect(end.1 == [3, 11, 12]) }
      for end in try run(2) { #expect(end.problem?.contains("than the 2 that may be skipped") ?? false, "\(end)") }
    }
  }
}

/// Small images of which some cannot be read.
private struct DamagedImages: ImageDataset {
  var damaged: Set<Int>
  private let images = SmallImages()

  init(damaged: Set<Int>) { self.damaged = damaged }

  var name: String { images.name }
  var split: DatasetSplit { images.split }
  var shape: ImageShape { images.shape }
  var count: Int { images.count }
  var classNames: [String] { [] }
  func label(at index: Int) -> Int? { nil }

  func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) throws {
    if damaged.contains(index) { throw DatasetError.closed }
    try images.copyPixels(at: index, to: buffer)
  }
}

import FlowModels
import Foundation
import Testing

@testable import Runs
@testable import Training

@Suite(.serialized) struct RunSummaryTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// A run with a line of metrics each hundred images, of which the last ones given were validated.
  private func run(_ folder: URL, images: Int, validations: [Int: Double] = [:]) throws -> RunFolder {
    let run = RunFolder(folder)
    try run.makeFolders()
    for images in stride(from: 100, through: images, by: 100) {
      var line = Metrics(
        images: images, step: images / 10, seconds: Double(images) / 50,
        trainBitsPerDimension: 4 - Double(images) / 1e4, gradientNorm: 0.5, learningRate: 1e-3, imagesPerSecond: 50)
      line.validationBitsPerDimension = validations[images]
      line.roundTripError = validations[images].map { _ in 1e-6 }
      line.worstConditionNumber = validations[images]
      try run.append(line)
    }
    return run
  }

  /// A checkpoint as training writes it, without weights.
  private func checkpoint(
    _ run: RunFolder, images: Int, of total: Int = 1000, best: TrainingState.Best? = nil
  ) throws {
    struct Configuration: Encodable {
      var format = "swift-glow"
      var version = 1
      var model = "glow"
      var glow = GlowConfiguration(height: 4, width: 4, channels: 1, levels: 1, steps: 2, hidden: 4)
    }
    try run.writeCheckpoint(images: images) { folder in
      try JSONEncoder().encode(Configuration()).write(to: folder.appending(path: "config.json"))
      var training = TrainingConfiguration(data: "small")
      training.images = total
      var state = TrainingState(configuration: training)
      state.imagesSeen = images
      state.best = best
      try state.write(to: folder)
    }
  }

  @Test func aRunThatStopped() throws {
    try withFolder { folder in
      let run = try run(folder, images: 600, validations: [200: 3.5, 400: 3.25, 600: 3.75])
      try checkpoint(run, images: 400, best: .init(images: 400, bitsPerDimension: 3.25))
      try checkpoint(run, images: 500, best: .init(images: 400, bitsPerDimension: 3.25))
      let summary = try RunSummary(of: run)
      #expect(summary.state == .stopped && summary.metrics.count == 6)
      #expect((summary.images, summary.totalImages, summary.steps, summary.seconds) == (600, 1000, 60, 12))
      #expect(summary.secondsLeft == 8 && summary.imagesPerSecond == 50)
      #expect(summary.model == "Glow L=1 K=2 hidden=4, affine, conv1x1LU" && summary.data == "small")
      #expect(summary.trainBitsPerDimension == 3.94 && summary.validationBitsPerDimension == 3.75)
      #expect(summary.worstConditionNumber == 3.75 && summary.roundTripError == 1e-6)
      let best = try #require(summary.best)
      #expect((best.images, best.bitsPerDimension, best.checkpoint) == (400, 3.25, "images-400"))
      #expect(summary.checkpoints.map(\.name) == ["images-400", "images-500"])
      #expect(summary.checkpoints.allSatisfy { $0.bytes > 100 })
      #expect(try #require(summary.lastWritten).timeIntervalSinceNow > -60)
    }
  }

  /// The lowest validation need not have a checkpoint.
  @Test func theBestCheckpoint() throws {
    try withFolder { folder in
      let run = try run(folder, images: 600, validations: [200: 3, 400: 3.25])
      try checkpoint(run, images: 400, best: .init(images: 400, bitsPerDimension: 3.25))
      let summary = try RunSummary(of: run)
      #expect(summary.best?.images == 200 && summary.best?.checkpoint == nil)
      #expect(summary.bestCheckpoint?.checkpoint == "images-400")
    }
  }

  @Test func checkpointsToChooseFrom() throws {
    try withFolder { folder in
      let run = try run(folder, images: 600)
      for images in [200, 400, 600] {
        try checkpoint(run, images: images, best: images < 400 ? nil : .init(images: 400, bitsPerDimension: 3.25))
      }
      func said(_ choice: CheckpointChoice?) throws -> String { try run.checkpoint(#require(choice)).description }
      #expect(
        try said(.newest) == "images-600, the newest; the best by validation is images-400 (3.2500 bits/dim)")
      #expect(try said(.best) == "images-400, the best by validation (3.2500 bits/dim); the newest is images-600")
      for text in ["200", "images-200"] {
        #expect(
          try said(CheckpointChoice(text))
            == "images-200; the newest is images-600, the best by validation images-400 (3.2500 bits/dim)")
      }
      for text in ["", "-1", "first", "images-", "2e3", "Best"] { #expect(CheckpointChoice(text) == nil, "\(text)") }
      let error = try #require(throws: TrainingError.self) { try run.checkpoint(.images(300)) }
      #expect(
        error.description
          == "\(folder.relativePath) has no checkpoint images-300, expected one of images-200, images-400, images-600")
      try FileManager.default.removeItem(at: run.checkpoints[1])
      #expect(
        "\(try #require(throws: TrainingError.self) { try run.checkpoint(.best) })".contains("images-400, the best,"))
    }
  }

  /// Before the first validation.
  @Test func noBestCheckpoint() throws {
    try withFolder { folder in
      let run = try run(folder, images: 100)
      #expect(
        "\(try #require(throws: TrainingError.self) { try run.checkpoint(.newest) })".contains("holds no checkpoint"))
      try checkpoint(run, images: 0)
      #expect(try run.checkpoint(.newest).description == "images-0, the newest")
      let error = try #require(throws: TrainingError.self) { try run.checkpoint(.best) }
      #expect(error.description.contains("none was written after a validation"), "\(error)")
    }
  }

  @Test func states() throws {
    try withFolder { folder in
      let run = try run(folder, images: 1000)
      #expect(try RunSummary(of: run).state == .stopped)
      #expect(try RunSummary(of: run).totalImages == nil)
      try checkpoint(run, images: 1000)
      #expect(try RunSummary(of: run).state == .finished)
      var lock: RunLock? = try RunLock(run)
      #expect(try RunSummary(of: run).state == .training && run.isBeingTrained)
      #expect(try RunSummary(of: run).totalImages == 1000)
      // A run that was made longer, before its next checkpoint.
      try checkpoint(run, images: 1000, of: 900)
      #expect(try RunSummary(of: run).totalImages == nil)
      withExtendedLifetime(lock) {}
      lock = nil
      #expect(!run.isBeingTrained)
    }
  }

  /// Whoever asks does not get in the way of a trainer that starts.
  @Test func askingDoesNotDisturb() throws {
    try withFolder { folder in
      let run = try run(folder, images: 0)
      let stop = NSLock()
      stop.lock()
      let asker = Thread {
        while !stop.try() {
          _ = run.isBeingTrained
          usleep(200)
        }
      }
      asker.start()
      defer { stop.unlock() }
      for _ in 0..<200 {
        let lock = try RunLock(run)
        withExtendedLifetime(lock) { #expect(run.isBeingTrained) }
      }
    }
  }

  @Test func runsBelowAFolder() throws {
    try withFolder { folder in
      _ = try run(folder.appending(path: "b"), images: 100)
      _ = try run(folder.appending(path: "deep/er/a"), images: 100)
      _ = try run(folder.appending(path: "b/checkpoints/inner"), images: 100)
      _ = try run(folder.appending(path: "1/2/3/4/5"), images: 100)
      try FileManager.default.createDirectory(
        at: folder.appending(path: "empty"), withIntermediateDirectories: true)
      let names = try RunSummary.runs(in: folder).map { String($0.url.path.dropFirst(folder.path.count + 1)) }
      #expect(names == ["b", "deep/er/a"])
    }
  }

  /// Foundation cannot open them, so they are named.
  @Test func namesThatAreNotUTF8AreNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "swift-glow-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = Array(folder.path.utf8CString.dropLast()) + [0x2F, CChar(bitPattern: 0xE9), 0]
    defer {
      rmdir(path)
      try? FileManager.default.removeItem(at: folder)
    }
    #expect(mkdir(path, 0o755) == 0)
    #expect(try RunSummary.runs(in: folder).isEmpty)
    #expect(RunSummary.unreadNames(in: folder).map(\.lastPathComponent) == ["\u{FFFD}"])
  }

  @Test func badFolders() throws {
    try withFolder { folder in
      let missing = folder.appending(path: "missing")
      #expect(throws: TrainingError.self) { try RunSummary(of: RunFolder(missing)) }
      #expect(throws: TrainingError.self) { try RunSummary.runs(in: missing) }
      let error = try #require(throws: TrainingError.self) { try RunSummary(of: RunFolder(folder)) }
      #expect("\(error)" == "\(folder.path) is no run folder: it holds neither checkpoints nor metrics")
      let run = try run(folder, images: 100)
      try checkpoint(run, images: 100)
      try Data("{}".utf8).write(to: folder.appending(path: "checkpoints/images-100/training.json"))
      let damage = try #require(throws: (any Error).self) { try RunSummary(of: run) }
      #expect("\(damage)".contains("training.json: field version is missing"))
    }
  }
}

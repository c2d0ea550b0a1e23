import Foundation
import Testing

/// `glow bench`: what it measures is for people and scripts to judge; here, that it measures at all and counts right.
@Suite struct BenchTests {
  /// 8x8 gray images, L=2, K=3, 5 hidden.
  static let tiny = [
    "bench", "--levels", "2", "--steps", "3", "--hidden", "5", "--size", "8", "--channels", "1", "--rounds",
    "2",
    "--threads", "1",
  ]

  // Multiplications and additions for one image: level 1 has 4x4 pixels of 4 channels, level 2 has 2x2 of 8.
  static let level1: Int = 4 * 4 + 9 * 2 * 5 + 5 * 5 + 9 * 5 * 4
  static let level2: Int = 8 * 8 + 9 * 4 * 5 + 5 * 5 + 9 * 5 * 8
  static let stepsOfFlow = Double(2 * 3 * (16 * level1 + 4 * level2))
  static let splitPrior = Double(2 * 16 * 9 * 2 * 4)

  private func report(_ flags: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
    let outcome = try GlowBinary.run(Self.tiny + flags)
    #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
    let report = try decodeJSON(outcome.output)
    #expect(report["device"] as? String == "cpu", sourceLocation: sourceLocation)
    #expect(report["threads"] as? Int == 1, sourceLocation: sourceLocation)
    #expect((report["libtorchVersion"] as? String)?.contains(".") == true, sourceLocation: sourceLocation)
    #if os(Linux)
      let peak = try #require(report["peakBytes"] as? Double)
      let idle = try #require(report["idleBytes"] as? Double)
      #expect(peak >= idle && idle > 0, sourceLocation: sourceLocation)
    #endif
    return report
  }

  private func expectRounds(
    _ report: [String: Any], batch: Int, flop: Double, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let seconds = try #require(report["secondsPerRound"] as? [Double])
    #expect(seconds.count == 2 && seconds.allSatisfy { $0 > 0 && $0.isFinite }, sourceLocation: sourceLocation)
    let median = try #require(report["medianSeconds"] as? Double)
    #expect(abs(median - (seconds[0] + seconds[1]) / 2) < 1e-9, sourceLocation: sourceLocation)
    let rate = try #require(report["imagesPerSecond"] as? Double)
    #expect(abs(rate * median - Double(batch)) < 1e-6, sourceLocation: sourceLocation)
    #expect(report["batch"] as? Int == batch, sourceLocation: sourceLocation)
    #expect(report["flopPerRound"] as? Double == flop, sourceLocation: sourceLocation)
    #expect(report["devicePeakBytes"] == nil, sourceLocation: sourceLocation)
    let shape = try #require(report["shape"] as? [String: Any])
    let sizes = ["levels", "steps", "hidden", "size", "channels"].map { shape[$0] as? Int }
    #expect(sizes == [2, 3, 5, 8, 1], sourceLocation: sourceLocation)
  }

  @Test(arguments: [("reversible", 4.0), ("keep", 3.0)])
  func training(memory: String, passes: Double) throws {
    let report = try report(["--batch", "6", "--memory", memory])
    try expectRounds(report, batch: 6, flop: 6 * (passes * Self.stepsOfFlow + 3 * Self.splitPrior))
    #expect(report["memory"] as? String == memory)
    #expect(report["optimizer"] as? String == "adamax")
  }

  @Test func stateIsWhatTheOptimizerNeeds() throws {
    let weights = try #require(report(["--task", "evaluate"])["stateBytes"] as? Int)
    for (optimizer, copies) in [("none", 2), ("adam", 4), ("adamax", 4)] {
      let report = try report(["--batch", "4", "--optimizer", optimizer])
      #expect(report["stateBytes"] as? Int == copies * weights)
    }
  }

  @Test(arguments: [("sample", 64), ("latency", 1), ("evaluate", 64)])
  func inference(task: String, batch: Int) throws {
    let report = try report(["--task", task])
    try expectRounds(report, batch: batch, flop: Double(batch) * (Self.stepsOfFlow + Self.splitPrior))
    #expect(report["task"] as? String == task)
    #expect(report["memory"] == nil && report["optimizer"] == nil)
  }

  @Test func additiveCouplingsHaveHalfTheOutputs() throws {
    let report = try report(["--task", "evaluate", "--coupling", "additive"])
    let saved = Double(2 * 3 * (16 * 9 * 5 * 2 + 4 * 9 * 5 * 4))
    try expectRounds(report, batch: 64, flop: 64 * (Self.stepsOfFlow + Self.splitPrior - saved))
    #expect((report["shape"] as? [String: Any])?["coupling"] as? String == "additive")
  }

  /// Two masked steps on the 8x8 pixels, 3 hidden: convolutions of 4 and 5 taps.
  static let masked = ["--family", "masked-glow", "--pixel-steps", "2", "--pixel-hidden", "3"]
  static let stepsOnPixels = Double(2 * 2 * 64 * (1 * 1 + 4 * 1 * 3 + 3 * 3 + 5 * 3 * 2))

  @Test(arguments: [("reversible", 4.0), ("keep", 3.0)])
  func trainingOfMaskedSteps(memory: String, passes: Double) throws {
    let report = try report(Self.masked + ["--batch", "6", "--memory", memory])
    let steps = Self.stepsOfFlow + Self.stepsOnPixels
    try expectRounds(report, batch: 6, flop: 6 * (passes * steps + 3 * Self.splitPrior))
    let shape = try #require(report["shape"] as? [String: Any])
    #expect(shape["kind"] as? String == "masked-glow")
    #expect(shape["pixelSteps"] as? Int == 2 && shape["pixelHidden"] as? Int == 3)
  }

  @Test(arguments: [("sample", 64), ("latency", 1), ("evaluate", 64)])
  func inferenceOfMaskedSteps(task: String, batch: Int) throws {
    let report = try report(Self.masked + ["--task", task])
    let operations = Self.stepsOfFlow + Self.stepsOnPixels + Self.splitPrior
    try expectRounds(report, batch: batch, flop: Double(batch) * operations)
  }

  @Test func aGlowHasNoStepsOnPixels() throws {
    let shape = try #require(report(["--task", "evaluate"])["shape"] as? [String: Any])
    #expect(shape["kind"] as? String == "glow" && shape["pixelSteps"] == nil && shape["pixelHidden"] == nil)
  }

  @Test func product() throws {
    let report = try report(["--task", "product"])
    let rates = try #require(report["products"] as? [[String: Any]]).compactMap { $0["gigaflopPerSecond"] as? Double }
    #expect(rates.count == 4 && rates.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(report["bestGigaflopPerSecond"] as? Double == rates.max())
  }

  @Test func idle() throws { #expect(try report(["--task", "idle"])["secondsPerRound"] == nil) }

  @Test func sentenceBesideTheObject() throws {
    let flags = Self.tiny + ["--task", "latency"]
    let spoken = try GlowBinary.run(flags).errors
    #expect(spoken.contains("latency: ") && spoken.contains("images/s"))
    #expect(try GlowBinary.run(flags + ["--quiet"]).errors.isEmpty)
  }

  @Test(arguments: [("reversible", "affine"), ("keep", "affine"), ("keep", "additive")])
  func profile(memory: String, coupling: String) throws {
    let outcome = try GlowBinary.run(
      Self.tiny + ["--batch", "4", "--memory", memory, "--coupling", coupling, "--profile"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!outcome.output.contains("pixels   "))
    for words in ["level 2", "conditioner, backward", "actnorm and 1x1, forward", "optimizer", "whole step, measured"] {
      #expect(outcome.output.contains(words), "no \"\(words)\" in: \(outcome.output)")
    }
  }

  /// With more steps than there are orders, two of one order.
  @Test(arguments: ["reversible", "keep"]) func profileOfMaskedSteps(memory: String) throws {
    let outcome = try GlowBinary.run(
      Self.tiny + ["--family", "masked-glow", "--pixel-steps", "5", "--batch", "4", "--memory", memory, "--profile"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    for words in ["after 5 pixel steps of 32", "pixels   level 1   level 2", "map beside it, backward", "sgemm's rate"]
    {
      #expect(outcome.output.contains(words), "no \"\(words)\" in: \(outcome.output)")
    }
  }

  @Test(arguments: [
    (["--shape", "huge"], ["--shape", "huge"]),
    (["--family", "huge"], ["--family", "glow", "masked-glow"]),
    (["--pixel-steps", "2"], ["--pixel-steps", "--family masked-glow"]),
    (["--family", "glow", "--pixel-hidden", "2"], ["--pixel-hidden", "--family masked-glow"]),
    (["--family", "masked-glow", "--pixel-steps", "0"], ["pixelSteps is 0", "1 to 256"]),
    (["--memory", "none"], ["--memory", "none"]),
    (["--rounds", "0"], ["--rounds is 0", "1 to"]),
    (["--warmup-rounds=-1"], ["--warmup-rounds is -1", "0 to"]),
    (["--batch", "0"], ["--batch is 0", "1 to 65536"]),
    (["--size", "20"], ["height is 20", "multiple of 8"]),
    (["--coupling", "none"], ["--coupling", "none"]),
    (["--hidden", "0"], ["hidden is 0", "1 to 65536"]),
    (["--task", "latency", "--batch", "2"], ["--task latency", "--task sample"]),
    (["--task", "sample", "--profile"], ["--profile", "--task sample"]),
    (["--threads", "0"], ["--threads is 0"]),
  ]) func flags(flags: [String], words: [String]) throws {
    try expectRefusal(["bench"] + flags, saying: words)
  }
}

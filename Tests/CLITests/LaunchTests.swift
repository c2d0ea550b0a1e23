import Foundation
import Testing

/// Several processes of the built program on this machine.
@Suite(.serialized) struct LaunchTests {
  private let tiny = [
    "--preset", "demo", "--levels", "1", "--steps", "2", "--hidden", "4", "--batch", "8", "--average", "64", "--warmup",
    "64",
    "--init-images", "16", "--validate-every", "400", "--checkpoint-every", "400", "--rank-timeout", "10",
  ]

  private func launch(_ options: [String], _ train: [String]) -> [String] {
    ["launch"] + options + ["--", "train"] + tiny + train
  }

  private func weights(_ run: String) throws -> [Data] {
    let checkpoints = URL(filePath: run).appending(path: "checkpoints")
    let newest = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path)
      .filter { $0.hasPrefix("images-") }.max { Int($0.dropFirst(7))! < Int($1.dropFirst(7))! }!
    return try ["model.safetensors", "training.safetensors"].map {
      try Data(contentsOf: checkpoints.appending(path: "\(newest)/\($0)"))
    }
  }

  /// Runs a job, does something to it once its run has a checkpoint, and gives its end.
  private func disturb(
    _ arguments: [String], run: String, images: Int = 400, _ body: (_ launcher: Int32, _ ranks: [Int32]) throws -> Void
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = GlowBinary.process(arguments)
    let (output, errors) = (folder.url.appending(path: "out"), folder.url.appending(path: "err"))
    for file in [output, errors] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let launcher = process.processIdentifier
    let checkpoint = run + "/checkpoints/images-\(images)/checksums.json"
    while !FileManager.default.fileExists(atPath: checkpoint), process.isRunning { usleep(2000) }
    try body(launcher, children(of: launcher))
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }

  /// By rank.
  private func children(of parent: Int32) throws -> [Int32] {
    let text = try String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
    let all = text.split(separator: " ").compactMap { Int32($0) }
    // Threads other than the first start children too.
    let others = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task").filter {
      $0 != "\(parent)"
    }
    .flatMap { thread in
      try String(contentsOfFile: "/proc/\(parent)/task/\(thread)/children", encoding: .utf8).split(separator: " ")
        .compactMap { Int32($0) }
    }
    return (all + others).sorted()
  }

  @Test func twoProcessesTrainOneModel() throws {
    let folder = try TemporaryFolder()
    let (two, one) = (folder.path("two"), folder.path("one"))
    let outcome = try GlowBinary.run(launch(["-n", "2"], ["--images", "800", "--out", two]))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("[0] Glow L=1 K=2 hidden=4"))
    #expect(outcome.output.contains(", in 2 processes\n"))
    #expect(outcome.output.hasSuffix("[0] Done: 800 images; the model is in \(two)\n"))
    let lines = (outcome.output + outcome.errors).split(separator: "\n")
    #expect(lines.allSatisfy { $0.hasPrefix("[0] ") }, "rank 0 speaks for all: \(lines)")

    try glow("train", arguments: tiny + ["--images", "800", "--out", one])
    let bits = try [one, two].map { run in
      let text = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").last)
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object?["validationBitsPerDimension"] as? Double)
    }
    #expect(abs(bits[0] - bits[1]) < 1e-3, "\(bits)")
  }

  @Test func aKilledRankEndsAllAndIsNamed() throws {
    for number in [0, 1] {
      let folder = try TemporaryFolder()
      let run = folder.path("run")
      let outcome = try disturb(launch(["-n", "2"], ["--images", "4000000", "--out", run]), run: run) { _, ranks in
        try #require(ranks.count == 2)
        kill(ranks[number], SIGKILL)
      }
      #expect(outcome.status == 137)
      let last = try #require(outcome.errors.split(separator: "\n").last)
      #expect(last == "Error: rank \(number) was killed (signal 9: by someone, or by the system when memory ran out)")
      #expect(outcome.errors.contains("[\(1 - number)] Error: rank \(number) (process "))
    }
  }

  @Test func aRankThatHangsEndsAllAndIsNamed() throws {
    let folder = try TemporaryFolder()
    let run = folder.path("run")
    let arguments = launch(["-n", "2", "--grace", "1"], ["--images", "4000000", "--out", run, "--rank-timeout", "2"])
    let outcome = try disturb(arguments, run: run) { _, ranks in kill(ranks[1], SIGSTOP) }
    #expect(outcome.status == 5)
    let last = try #require(outcome.errors.split(separator: "\n").last)
    #expect(last.hasPrefix("Error: rank 0 ended with status 5: rank 1 (process "))
    #expect(last.contains("no longer answers: its last sign of life was at step "))
  }

  @Test func aJobThatIsStartedAgainEndsAsIfNothingHadHappened() throws {
    let folder = try TemporaryFolder()
    let (whole, run) = (folder.path("whole"), folder.path("run"))
    #expect(try GlowBinary.run(launch(["-n", "2"], ["--images", "4000", "--out", whole])).status == 0)
    let arguments = launch(["-n", "2", "--restarts", "1"], ["--images", "4000", "--out", run])
    let outcome = try disturb(arguments, run: run) { _, ranks in kill(ranks[1], SIGKILL) }
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("Starting again with 2 processes (1 of at most 1 times)."))
    #expect(outcome.output.contains("[0] Going on with \(run) after "))
    #expect(try weights(run) == weights(whole))
  }

  @Test func anElasticJobGoesOnWithTheRanksThatAreLeft() throws {
    let folder = try TemporaryFolder()
    let run = folder.path("run")
    let arguments = launch(["-n", "3", "--restarts", "1", "--elastic"], ["--images", "4000", "--out", run])
    let outcome = try disturb(arguments, run: run) { _, ranks in kill(ranks[2], SIGKILL) }
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("Starting again with 2 processes (1 of at most 1 times)."))
    #expect(outcome.output.contains("[0] Done: 4000 images"))
  }

  @Test func aRequestToStopReachesAllAndOneProcessGoesOn() throws {
    let folder = try TemporaryFolder()
    let run = folder.path("run")
    let outcome = try disturb(launch(["-n", "2"], ["--images", "4000000", "--out", run]), run: run) { launcher, _ in
      kill(launcher, SIGTERM)
    }
    #expect(outcome.status == 130, "\(outcome.errors)")
    let saved = try #require(outcome.output.split(separator: "\n").last { $0.hasPrefix("[0] Saved after ") })
    let images = try #require(Int(saved.split(separator: " ")[3]))
    try glow("train", "--resume", run, "--images", "\(images + 80)")
  }

  @Test func badInputIsSaidOnceMoreAtTheEndAndNotTriedAgain() throws {
    let folder = try TemporaryFolder()
    let outcome = try GlowBinary.run([
      "launch", "-n", "2", "--restarts", "3", "--", "train", "--data", folder.path("none"), "--out", folder.path("run"),
    ])
    #expect(outcome.status == 1)
    #expect(!outcome.errors.contains("Starting again"))
    let last = try #require(outcome.errors.split(separator: "\n").last)
    #expect(last.hasPrefix("Error: rank ") && last.contains("none: there is no such folder"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  @Test(
    arguments: [
      (["-n", "0", "--", "train"], "-n is 0, expected 1 to 1024"),
      (["-n", "2", "--", "eval"], "after -- comes the command that each process runs: train or resume, and its flags"),
      (
        ["-n", "2", "--machines", "2", "--", "train"],
        "--machines 2 needs --master, the address and a port of machine 0"
      ),
      (["-n", "2", "--master", "node", "--", "train"], "--master is \"node\", expected an address and a port"),
      (
        ["-n", "2", "--machines", "2", "--machine", "2", "--master", "a:1", "--", "train"],
        "--machine is 2, expected 0 to 1"
      ),
      (
        ["-n", "2", "--elastic", "--machines", "2", "--master", "a:1", "--", "train"],
        "--elastic is for the processes of one"
      ),
      (["-n", "2", "--least", "3", "--", "train"], "--least is 3, expected 1 to the 2 that there are"),
    ])
  func wrongFlags(_ arguments: [String], _ sentence: String) throws {
    try expectRefusal(["launch"] + arguments, sentence)
  }

  @Test func variablesThatMakeNoSense() throws {
    try expectRefusal(
      ["train", "--out", "/nowhere/run"], "the environment variable RANK is set and WORLD_SIZE is not",
      through: "export RANK=1;")
    try expectRefusal(
      ["train", "--out", "/nowhere/run"], "MASTER_PORT is \"x\", expected 1 to 65535",
      through: "export RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=x;")
  }

  @Test func continuingARunThatWasBegunWithOtherSettingsIsRefused() throws {
    let folder = try TemporaryFolder()
    let run = folder.path("run")
    try glow("train", arguments: tiny + ["--images", "80", "--continue", "--out", run])
    let again = try glow("train", arguments: tiny + ["--images", "160", "--continue", "--out", run])
    #expect(again.contains("Going on with \(run) after 80 images"))
    try expectRefusal(
      ["train"] + tiny + ["--images", "160", "--continue", "--out", run, "--lr", "0.5"],
      "begun with other settings: --lr is 0.002 there and 0.5 here")
    try expectRefusal(["train", "--continue", "--resume", run], "--continue is for --out")
  }
}

/// Runs `glow` with a command and a list of arguments.
@discardableResult
private func glow(
  _ command: String, arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
) throws -> String {
  let outcome = try GlowBinary.run([command] + arguments)
  #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
  return outcome.output
}

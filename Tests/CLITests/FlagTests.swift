import Foundation
import Testing

/// Values of flags that make no sense.
@Suite struct FlagTests {
  @Test(arguments: [
    (["--levels", "99"], ["--levels is 99", "1 to 16"]),
    (["--hidden=-1"], ["--hidden is -1", "1 to 65536"]),
    (["--hidden", "-1"], ["--hidden is -1", "1 to 65536"]),
    (["--steps", "many"], ["many", "--steps"]),
    (["--lr", "11"], ["--lr is 11", "below 10"]),
    (["--lr", "nan"], ["--lr is nan", "below 10"]),
    (["--warmup=-1"], ["--warmup is -1", "0 or more"]),
    (["--clip=-1"], ["--clip is -1", "0 or more"]),
    (["--beta1", "1"], ["--beta1 is 1", "below 1"]),
    (["--beta2=-0.1"], ["--beta2 is -0.1", "at least 0"]),
    (["--weight-decay=-1"], ["--weight-decay is -1", "0 to 1"]),
    (["--init-images", "0"], ["--init-images is 0", "1 or more"]),
    (["--shift", "1"], ["--shift is 1", "below 1"]),
    (["--shift=-0.5"], ["--shift is -0.5", "below 1"]),
    (["--checkpoint-every", "0"], ["--checkpoint-every is 0", "1 or more"]),
    (["--validate-every", "0"], ["--validate-every is 0", "1 or more"]),
    (["--micro-batch", "0"], ["--micro-batch is 0", "1 or more"]),
    (["--batch", "0"], ["--batch is 0", "1 to 65536"]),
    (["--skip-damaged=-1"], ["--skip-damaged is -1", "0 or more"]),
    (["--keep-every", "0"], ["--keep-every is 0", "1 or more"]),
    (["--max-scale=-1"], ["--max-scale is -1", "0 or more"]),
    (["--roll-back-rate", "2"], ["--roll-back-rate is 2", "above 0 and at most 1"]),
    (["--size", "9", "--levels", "2"], ["--size: height is 9", "a multiple of 4"]),
    (["--memory", "plenty"], ["plenty", "auto", "reversible", "keep"]),
    (["--memory-budget", "2GiBs"], ["2GiBs", "--memory-budget"]),
    (["--memory-budget=-1GB"], ["-1GB", "--memory-budget"]),
    (["--precision", "tf32"], ["tf32 needs an NVIDIA GPU", "the model is on cpu"]),
    (["--precision", "half"], ["half", "float32", "bf16"]),
    (["--size", "8x8x8"], ["8x8x8", "--size"]),
    (["--permutation", "conv2x2"], ["conv2x2", "conv1x1LU"]),
    (["--labels", "none", "--classifier"], ["classifier"]),
    (["--device", "abacus"], ["--device", "abacus", "cpu, cuda"]),
    (["--resume", "elsewhere"], ["either --out", "or --resume"]),
    (["--no-such-flag"], ["no-such-flag"]),
  ]) func training(flags: [String], words: [String]) throws {
    try withTemporaryFolder { folder in
      let data = try TrainedRun.labeled().data
      try expectRefusal(
        tinyTraining(on: data, to: folder.appending(path: "run")) + flags, saying: words, leaving: folder)
    }
  }

  @Test(arguments: [
    (["--temperature", "nan"], ["--temperature is nan", "0 to 100"]),
    (["--enlarge", "65"], ["--enlarge is 65", "1 to 64"]),
    (["--seed=-1"], ["-1", "--seed"]),
    (["--label", "1"], ["--label 1", "no labels"]),
    (["--beside", "nowhere"], ["nowhere", "no such model"]),
    (["--beside", "nowhere", "--files"], ["--beside", "leave --files out"]),
    (["--device", "mps"], ["--device mps", "no such device"]),
  ]) func sampling(flags: [String], words: [String]) throws {
    #if os(macOS)
      if flags.contains("mps") { return }
    #endif
    try withTemporaryFolder { folder in
      let start = ["sample", "--model", try TrainedRun.unlabeled().run.path]
      try expectRefusal(
        start + ["--out", folder.appending(path: "grid.png").path] + flags, saying: words, leaving: folder)
    }
  }

  @Test func labelsThatTheModelLacks() throws {
    let run = try TrainedRun.color().run.path
    for label in ["fish", "2", "-1"] {
      try expectRefusal(
        ["sample", "--model", run, "--out", "/proc/out.png", "--label=\(label)"],
        saying: ["--label \(label)", "0 cat, 1 dog"])
    }
  }

  @Test(arguments: [
    (["eval", "--draws", "0"], ["--draws is 0", "1 to 10000"]),
    (["eval", "--limit", "0"], ["--limit is 0", "1 or more"]),
    (["eval", "--split", "middle"], ["middle", "'train', 'validation' or 'test'"]),
    (["reconstruct", "--limit", "0"], ["--limit is 0", "1 or more"]),
    (["reconstruct", "--indices", "20"], ["--indices 20", "images 0 to 19"]),
    (["reconstruct", "--indices", "1,x"], ["1,x", "--indices"]),
    (["interpolate", "--out", "/proc/out.png", "--columns", "1"], ["--columns is 1", "2 to 1000"]),
    (["interpolate", "--out", "/proc/out.png", "--indices", "3"], ["two images or more"]),
    (["export", "--out", "/proc/out", "--precision", "float8"], ["float8", "float32", "float16"]),
  ]) func others(arguments: [String], words: [String]) throws {
    let run = try TrainedRun.labeled().run.path
    try expectRefusal([arguments[0], "--model", run] + arguments.dropFirst(), saying: words)
  }

  /// Before anything is looked at: with the status of flags that make no sense, and without the data.
  @Test(arguments: [["--lr=-1"], ["--batch", "0"], ["--levels", "99"], ["--shift", "2"], ["--max-condition=-1"]])
  func flagsAreLookedAtFirst(flags: [String]) throws {
    let outcome = try GlowBinary.run(["train", "--data", "/nowhere", "--out", "/nowhere/run"] + flags)
    #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: \(flags[0].prefix(4))"), "\(outcome.errors)")
    let resumed = try GlowBinary.run(["resume", "/nowhere/run", "--clip=-1"])
    #expect(resumed.status == 64 && resumed.errors.hasPrefix("Error: --clip is -1, expected 0 or more"))
  }

  @Test func aDeviceThatIsNotThere() throws {
    let run = try TrainedRun.unlabeled().run.path
    try expectRefusal(["eval", "--model", run, "--device", "cuda:17"], saying: ["--device cuda:17", "no such device"])
  }
}

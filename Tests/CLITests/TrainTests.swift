import Foundation
import Testing

@Suite struct TrainTests {
  @Test func saysWhatItDoes() throws {
    try withTemporaryFolder { folder in
      let data = "idx:\(try writeIDX(to: folder.appending(path: "data")).path)"
      let run = folder.appending(path: "run")
      let output = try GlowBinary.run(tinyTraining(on: data, to: run) + ["--levels", "1"])
      #expect(output.status == 0)
      #expect(output.output.contains("Glow L=1 K=1 hidden=8"))
      #expect(output.output.contains("on 55 images 8x8x1"))
      #expect(output.output.contains("activations of 1 of 1 step of flow kept"))
      #expect(output.output.hasSuffix("Done: 64 images; the model is in \(run.relativePath)\n"))
      #expect(output.errors.contains("64 images: train "))
    }
  }

  @Test func colorPicturesWithClasses() throws {
    let model = try TrainedRun.color()
    let config = try #require(model.checkpoint.appending(path: "config.json").json()["glow"] as? [String: Any])
    #expect(config["channels"] as? Int == 3 && config["height"] as? Int == 8 && config["width"] as? Int == 8)
    #expect(config["classNames"] as? [String] == ["cat", "dog"])
    #expect(config["labelConditioning"] as? String == "prior")
    #expect(try glow("eval", "--model", model.run.path).contains("test split of pictures, 2 images"))
  }

  @Test func grayPictures() throws {
    try withTemporaryFolder { folder in
      let data = try writePictures(to: folder.appending(path: "gray"))
      let run = folder.appending(path: "run")
      let output = try GlowBinary.run(tinyTraining(on: data.path, to: run))
      #expect(output.status == 0, "\(output.errors)")
      let config = try run.appending(path: "checkpoints/images-64/config.json").json()
      let glow = try #require(config["glow"] as? [String: Any])
      #expect(glow["channels"] as? Int == 1 && (glow["classNames"] as? [String])?.isEmpty == true)
    }
  }

  @Test(arguments: [
    ["--coupling", "additive", "--permutation", "reverse", "--labels", "none", "--bits", "5"],
    ["--permutation", "shuffle", "--scale", "exponential", "--memory", "reversible", "--optimizer", "adamax"],
    ["--memory", "auto", "--memory-budget", "1.5MB", "--micro-batch", "5"],
    ["--permutation", "conv1x1", "--scale", "bounded", "--no-learn-top", "--no-edge-channel", "--average", "0"],
    ["--labels", "prior", "--classifier", "--weight-y", "0.1", "--flip", "--shift", "0.2", "--decay", "cosine"],
    ["--size", "12x16", "--levels", "2", "--channels", "3", "--minimum-scale", "0.5"],
  ]) func everyFlagTrainsAModelThatEvaluates(flags: [String]) throws {
    try withTemporaryFolder { folder in
      let data = "idx:\(try writeIDX(to: folder.appending(path: "data")).path)"
      let run = folder.appending(path: "run")
      let trained = try GlowBinary.run(tinyTraining(on: data, to: run, images: 32) + flags)
      #expect(trained.status == 0, "\(trained.errors)")
      let report = try decodeJSON(glow("eval", "--model", run.path, "--json"))
      let evaluation = try #require(report["evaluation"] as? [String: Any])
      #expect(evaluation["images"] as? Int == 20)
      #expect(try #require(evaluation["bitsPerDimension"] as? Double).isFinite)
    }
  }

  @Test func helpNamesVerbsAndPresets() throws {
    let help = try glow("--help")
    for verb in ["presets", "train", "eval", "sample", "encode", "decode", "reconstruct", "interpolate", "export"] {
      #expect(help.contains("\n  \(verb) "), "\(verb)")
    }
    let trainHelp = try GlowBinary.run(["train", "--help"]).output
    for preset in ["demo", "fashion-mnist", "toy", "cifar10"] { #expect(trainHelp.contains("  \(preset): ")) }
  }
}

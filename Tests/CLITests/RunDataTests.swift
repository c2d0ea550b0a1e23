import Foundation
import Testing

/// What a run remembers of its images, and which of its checkpoints a verb takes.
@Suite struct RunDataTests {
  /// A project in `folder`: `data/mine`, and a run that was trained on it by that name.
  private func makeProject(_ folder: URL, number: Int = 0) throws {
    try writePictures(to: folder.appending(path: "data/mine"), count: 40, channels: 1) { _ in 8 }
    let outcome = try glowIn(
      folder,
      Array(tinyTraining(on: "data/mine", to: URL(filePath: "/"), images: 64).map { $0 == "/" ? "runs/first" : $0 })
        + ["--levels", "1", "--checkpoint-every", "32", "--validate-every", "32"])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  private func glowIn(_ folder: URL, _ arguments: [String]) throws -> Outcome {
    try GlowBinary.run(arguments, through: "cd '\(folder.path)';")
  }

  private func bits(_ outcome: Outcome) throws -> Double {
    let evaluation = try decodeJSON(outcome.output)["evaluation"] as? [String: Any]
    return try #require(evaluation?["bitsPerDimension"] as? Double, "\(outcome.errors)")
  }

  @Test func foundFromAnywhereAndNeverOthers() throws {
    try withTemporaryFolder { folder in
      let (project, other) = (folder.appending(path: "project"), folder.appending(path: "other"))
      try makeProject(project)
      let run = project.appending(path: "runs/first").path
      let own = try bits(glowIn(project, ["eval", "--model", run, "--json"]))

      // Another folder of the same name, in the working folder.
      try writePictures(to: other.appending(path: "data/mine"), count: 41, channels: 1) { _ in 8 }
      #expect(try bits(glowIn(other, ["eval", "--model", run, "--json"])) == own)

      // The whole project moves.
      let moved = folder.appending(path: "moved")
      try FileManager.default.moveItem(at: project, to: moved)
      let movedRun = moved.appending(path: "runs/first").path
      #expect(try bits(glowIn(other, ["eval", "--model", movedRun, "--json"])) == own)
      let resumed = try glowIn(other, ["resume", movedRun, "--images", "96"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      let exported = try glowIn(other, ["export", "--model", movedRun, "--out", moved.appending(path: "model").path])
      #expect(exported.status == 0, "\(exported.errors)")

      // Its images alone are gone: the others are refused by every verb, unless they are named.
      try FileManager.default.moveItem(
        at: moved.appending(path: "data"), to: moved.appending(path: "pictures"))
      let out = folder.appending(path: "out").path
      let verbs = [
        ["eval"], ["reconstruct"], ["score"], ["quality"], ["encode", "--out", out],
        ["attributes", "fit", "--out", out], ["interpolate", "--out", out + ".png"],
        ["resample", "--out", out + ".png"],
      ]
      for arguments in verbs.map({ $0 + ["--model", movedRun] }) {
        let outcome = try glowIn(other, arguments)
        #expect(outcome.status != 0, "\(arguments)")
        #expect(
          outcome.errors.contains("are not those that the model was trained on: of the training split, it has ")
            && outcome.errors.contains("--data"), "\(arguments): \(outcome.errors)")
      }
      // An exported model names no path, and so finds no others.
      let exportedEval = try glowIn(other, ["eval", "--model", moved.appending(path: "model").path])
      #expect(exportedEval.status != 0 && exportedEval.errors.contains("are not here"), "\(exportedEval.errors)")
      let named = try glowIn(other, ["eval", "--model", movedRun, "--data", "data/mine"])
      #expect(named.status == 0)
      #expect(
        named.errors.contains("Note: the images of data/mine are not those that the model was trained on: of the"))
      let right = try glowIn(
        other, ["eval", "--model", movedRun, "--data", moved.appending(path: "pictures/mine").path])
      #expect(right.status == 0 && !right.errors.contains("not those"), "\(right.errors)")
    }
  }

  @Test func whichCheckpoint() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let newest = try GlowBinary.run(["eval", "--model", run, "--json"])
      #expect(newest.errors.contains("Note: \(run): checkpoint images-320, the newest"), "\(newest.errors)")
      #expect(try decodeJSON(newest.output)["checkpoint"] as? String == "images-320")
      let older = try GlowBinary.run(["eval", "--model", run, "--json", "--checkpoint", "160"])
      #expect(older.errors.contains("checkpoint images-160"), "\(older.errors)")
      #expect(older.errors.contains("newest is images-320"), "\(older.errors)")
      #expect(try decodeJSON(older.output)["checkpoint"] as? String == "images-160")
      #expect(try bits(older) != bits(newest))
      let best = try GlowBinary.run(["eval", "--model", run, "--json", "--checkpoint", "best"])
      #expect(best.errors.contains("best by validation"), "\(best.errors)")

      // Every verb that takes a model says so, and takes the flag.
      let out = folder.appending(path: "out").path
      let latents = folder.appending(path: "z.safetensors").path
      try glow("encode", "--model", run, "--checkpoint", "160", "--limit", "2", "--out", latents)
      for verb in [
        ["sample", "--count", "1", "--out", out + ".png"], ["reconstruct"], ["score", "--limit", "1"],
        ["quality", "--count", "10"], ["encode", "--out", latents + "2"], ["decode", latents, "--out", out + ".png"],
        ["attributes", "fit", "--out", out], ["interpolate", "--out", out + ".png"],
        ["resample", "--limit", "1", "--out", out + ".png"], ["export", "--out", out + "-model"],
      ] {
        let outcome = try GlowBinary.run(verb + ["--model", run, "--checkpoint", "images-160"])
        #expect(outcome.status == 0, "\(verb): \(outcome.errors)")
        #expect(outcome.errors.contains("checkpoint images-160"), "\(verb): \(outcome.errors)")
      }
    }
  }

  @Test func checkpointsThatAreNone() throws {
    let run = try TrainedRun.labeled()
    try expectRefusal(
      ["eval", "--model", run.run.path, "--checkpoint", "7"], "has no checkpoint images-7", "images-160, images-320")
    try expectRefusal(["eval", "--model", run.run.path, "--checkpoint", "latest"], "latest", "--checkpoint")
    try expectRefusal(
      ["eval", "--model", run.checkpoint.path, "--checkpoint", "best"], "--checkpoint is for a run folder",
      "leave it out")
  }

  /// What a model does not say is not guessed in silence.
  @Test func aModelThatSaysNothing() throws {
    try withTemporaryFolder { folder in
      let model = folder.appending(path: "model")
      try glow("export", "--model", try TrainedRun.unlabeled().run.path, "--out", model.path)
      #expect(model.names == ["README.md", "config.json", "data.json", "model.safetensors"])
      let data = try TrainedRun.unlabeled().data
      #expect(try GlowBinary.run(["eval", "--model", model.path, "--data", data]).status == 0)
      try FileManager.default.removeItem(at: model.appending(path: "data.json"))
      let outcome = try GlowBinary.run(["eval", "--model", model.path])
      #expect(outcome.errors.contains("does not say what it was trained on: taking images of fashion-mnist"))
      let shipped = try GlowBinary.run(["eval", "--model", "fashion-mnist", "--limit", "1"])
      #expect(!shipped.errors.contains("does not say"), "\(shipped.errors)")
    }
  }

  /// A batch more than was asked for is all of it.
  @Test func neverMoreThanAll() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let outcome = try GlowBinary.run(tinyTraining(on: try TrainedRun.unlabeled().data, to: run, images: 40))
      #expect(outcome.status == 0, "\(outcome.errors)")
      let percents = outcome.errors.matches(of: /(\d+)%/).compactMap { Int($0.output.1) }
      #expect(percents.max() == 100, "\(outcome.errors)")
      #expect(try glow("status", run.path).contains("48 of 40 (100%)"))
    }
  }
}

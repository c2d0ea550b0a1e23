import Foundation

/// Tiny models that the program trains once for the whole suite, and the data that they were trained on.
struct TrainedRun {
  let run: URL
  /// As `--data` takes it.
  let data: String

  var checkpoint: URL { run.appending(path: "checkpoints/images-320") }

  /// The folder of all of them, removed when the tests end.
  private static let folder: URL = {
    atexit { try? FileManager.default.removeItem(at: TrainedRun.folder) }
    return FileManager.default.temporaryDirectory.appending(path: "glow-cli-models-\(getpid())")
  }()

  /// On gray 8x8 images with the labels 0, 1 and 2, of two levels.
  static func labeled() throws -> TrainedRun { try labeledRun.get() }

  /// On the same without labels, of one level.
  static func unlabeled() throws -> TrainedRun { try unlabeledRun.get() }

  /// On color pictures of several sizes in the folders `cat` and `dog`.
  static func color() throws -> TrainedRun { try colorRun.get() }

  /// A RealNVP of two levels, on gray 8x8 images.
  static func realNVP() throws -> TrainedRun { try realNVPRun.get() }

  /// A MaskedGlow of two levels, on gray 8x8 images with the labels 0, 1 and 2.
  static func maskedGlow() throws -> TrainedRun { try maskedGlowRun.get() }

  private static let maskedGlowRun = Result {
    try train(
      "masked-glow", preset: "masked-glow-toy", on: "idx:\(writeIDX(to: folder.appending(path: "idx-masked")).path)",
      "--levels", "2", "--checkpoint-every", "160")
  }

  private static let realNVPRun = Result {
    let data = "idx:\(try writeIDX(to: folder.appending(path: "idx-realnvp")).path)"
    let run = folder.appending(path: "realnvp")
    let output = try GlowBinary.run([
      "train", "--family", "realnvp", "--preset", "realnvp-toy", "--data", data, "--out", run.path, "--images", "320",
      "--steps", "1", "--hidden", "4", "--batch", "16", "--lr", "0.01", "--warmup", "0", "--decay", "none", "--seed",
      "1",
    ])
    guard output.status == 0 else { throw Failure(text: output.errors) }
    return TrainedRun(run: run, data: data)
  }

  private static let labeledRun = Result {
    try train(
      "labeled", on: "idx:\(writeIDX(to: folder.appending(path: "idx")).path)", "--levels", "2",
      "--checkpoint-every", "160")
  }

  private static let unlabeledRun = Result {
    try train(
      "unlabeled", on: "idx:\(writeIDX(to: folder.appending(path: "idx-unlabeled")).path)", "--levels", "1",
      "--labels", "none")
  }

  private static let colorRun = Result {
    let pictures = folder.appending(path: "pictures")
    try writePictures(to: pictures, channels: 3, classes: ["cat", "dog"]) { $0 % 2 == 0 ? 8 : 12 }
    return try train("color", on: pictures.path, "--levels", "1", "--size", "8", "--labels", "prior")
  }

  private static func train(
    _ name: String, preset: String = "toy", on data: String, _ flags: String...
  ) throws -> TrainedRun {
    let run = folder.appending(path: name)
    let output = try GlowBinary.run(tinyTraining(preset, on: data, to: run, images: 320) + flags)
    guard output.status == 0 else { throw Failure(text: output.errors) }
    return TrainedRun(run: run, data: data)
  }
}

/// The arguments of a training that takes a fraction of a second.
func tinyTraining(_ preset: String = "toy", on data: String, to run: URL, images: Int = 64) -> [String] {
  [
    "train", "--preset", preset, "--data", data, "--out", run.path, "--images", "\(images)", "--steps", "1", "--hidden",
    "8", "--batch", "16", "--lr", "0.01", "--warmup", "0", "--decay", "none", "--seed", "1",
  ]
}

import Foundation
import Imaging

/// What the outputs of ``FieldOutputs`` are of: beside ``TrainedRun``, a run with every setting and one that rolled back.
enum FieldRuns {
  private static let folder: URL = {
    atexit { try? FileManager.default.removeItem(at: FieldRuns.folder) }
    return FileManager.default.temporaryDirectory.appending(path: "glow-cli-fields-\(getpid())")
  }()

  static func all() throws -> [URL] { try [TrainedRun.labeled().run, full.get(), rolledBack.get()] }

  /// Pictures with the attributes `bright`, `dark` and `large`, one of them damaged.
  static func pictures() throws -> URL { try madePictures.get() }
  static func picture() throws -> URL { try pictures().appending(path: "train/1.png") }
  /// Of the labeled run.
  static func exported() throws -> URL { try exportedModel.get() }
  /// Of the run with every setting.
  static func exportedPictures() throws -> URL { try exportedFull.get() }
  /// With priors that only other programs have.
  static func imported() throws -> URL { try importedModel.get() }
  /// Directions in the latents of the labeled run.
  static func directions() throws -> URL { try foundDirections.get() }
  /// Of a folder and of a data set, each with its sizes in a CSV beside it.
  static func archives() throws -> [URL] { try packed.get() }

  private static let madePictures = Result {
    let pictures = folder.appending(path: "pictures")
    var lines = ["file,bright,dark,large"]
    for (split, numbers) in [("train", 0..<30), ("validation", 30..<42), ("test", 42..<46)] {
      for number in numbers {
        let isBright = number % 2 == 0
        let pixels = testPicture(number).pixels.map { isBright ? UInt8(min(255, Int($0) + 40)) : $0 }
        try pictures.write(
          PixelImage(width: 8, height: 8, channels: 1, pixels: pixels).encodePNG(), to: "\(split)/\(number).png")
        lines.append("\(split)/\(number).png,\(isBright ? "1,0" : "0,1"),\(isBright ? "" : "\(number / 2 % 2)")")
      }
    }
    try pictures.write(Data(contentsOf: pictures.appending(path: "train/7.png")).prefix(60), to: "train/7.png")
    try pictures.write(lines.joined(separator: "\n").utf8, to: "attributes.csv")
    return pictures
  }

  private static let full = Result {
    let run = folder.appending(path: "full")
    try succeed([
      "launch", "-n", "2", "--", "train", "--preset", "toy", "--from", TrainedRun.unlabeled().run.path, "--data",
      pictures().path, "--size", "8", "--channels", "1", "--condition", "all", "--condition-dropout", "0.3", "--out",
      run.path, "--images", "64", "--batch", "16", "--lr", "0.01", "--warmup", "0", "--decay", "none",
      "--weight-decay", "0.01", "--micro-batch", "4", "--memory-budget", "1MB", "--precision", "float32", "--wire",
      "float32", "--bucket", "64kB", "--prefetch", "4", "--readers", "1", "--picture-cache", "1MB",
      "--picture-cache-disk", "0", "--validate-every", "64", "--checkpoint-every", "32", "--keep-newest", "3",
      "--keep-every", "1000", "--max-round-trip", "0.5", "--skip-damaged", "2", "--failed-writes", "continue",
    ])
    try succeed(["resume", run.path, "--images", "96", "--lr", "0.005"])
    return run
  }

  private static let rolledBack = Result {
    let run = folder.appending(path: "rolled-back")
    try succeed(
      tinyTraining(on: TrainedRun.labeled().data, to: run, images: 3200) + [
        "--lr", "9.9", "--clip", "0", "--average", "0", "--warmup", "3200", "--levels", "2", "--checkpoint-every", "80",
        "--keep-newest", "5", "--validate-every", "160", "--roll-back-images", "100000", "--roll-back-rate", "0.1",
      ])
    return run
  }

  private static let exportedModel = Result {
    try made("model") { ["export", "--model", try TrainedRun.labeled().run.path, "--out", $0] }
  }

  private static let exportedFull = Result {
    try made("full-model") { ["export", "--model", try full.get().path, "--out", $0] }
  }

  private static let importedModel = Result {
    let weights = GlowBinary.root.appending(path: "Tests/FlowModelsTests/Fixtures/normflows-perlabel.safetensors").path
    return try made("imported") { ["import", weights, "--layout", "normflows", "--size", "8", "--out", $0] }
  }

  private static let foundDirections = Result {
    try made("attributes.safetensors") {
      ["attributes", "fit", "--model", try TrainedRun.labeled().run.path, "--out", $0]
    }
  }

  private static let packed = Result {
    let (labeled, color) = (try TrainedRun.labeled(), try TrainedRun.color())
    return try [
      ("set", ["--data", labeled.data, "--model", labeled.run.path]),
      ("folder", [color.data + "/cat", "--model", color.run.path]),
    ].map { name, flags in
      try made("\(name).glz") {
        ["compress"] + flags + ["--sizes", folder.appending(path: "\(name).csv").path, "--out", $0]
      }
    }
  }

  private static func made(_ name: String, _ arguments: (String) throws -> [String]) throws -> URL {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try succeed(arguments(file.path))
    return file
  }

  private static func succeed(_ arguments: [String]) throws {
    let outcome = try GlowBinary.run(arguments)
    guard outcome.status == 0 else { throw Failure(text: "\(arguments): \(outcome.errors)") }
  }
}

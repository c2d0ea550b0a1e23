import Foundation
import Testing

/// Flags that make no sense and places that cannot be written.
@Suite(.serialized) struct BadRequestTests {
  let model: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    model = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  @Test(arguments: [
    (["--threads", "0"], "--threads is 0"), (["--temperature=-1"], "--temperature is -1"),
    (["--count", "0"], "--count is 0"),
    (["--columns", "0"], "--columns is 0"), (["--enlarge", "0"], "--enlarge is 0"), (["--device", "tpu"], "tpu"),
  ])
  func flagsOfSample(flags: [String], words: String) throws {
    try expectRefusal(["sample", "--model", model.run, "--out", folder.path("x.png")] + flags, words)
    #expect(!FileManager.default.fileExists(atPath: folder.path("x.png")))
  }

  @Test(arguments: [
    (["--bits", "9"], "--bits is 9"), (["--batch", "0"], "--batch is 0"), (["--images", "0"], "--images is 0"),
    (["--lr", "0"], "--lr is 0"), (["--levels", "0"], "--levels is 0"), (["--size", "big"], "big"),
    (["--preset", "huge"], "--preset huge"), (["--minimum-scale", "1"], "--minimum-scale is 1"),
    (["--classifier", "--labels", "everywhere"], "classifier"),
  ])
  func flagsOfTrain(flags: [String], words: String) throws {
    let arguments = ["train", "--data", model.data, "--out", folder.path("run")] + TrainedModel.small + flags
    try expectRefusal(arguments, words)
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  @Test func trainNeedsAPlace() throws {
    try expectRefusal(["train"], "--out")
    try expectRefusal(["train", "--out", "a", "--resume", "b"], "either")
  }

  @Test func placesThatCannotBeWritten() throws {
    try Data().write(to: folder.url.appending(path: "file"))
    for place in [folder.path("file/x"), "/proc/x"] {
      try expectRefusal(["sample", "--model", model.run, "--count", "1", "--out", place + ".png"], place)
      try expectRefusal(["encode", "--model", model.run, "--limit", "1", "--out", place], place)
      try expectRefusal(["export", "--model", model.run, "--out", place], place)
      try expectRefusal(["train", "--data", model.data, "--out", place] + TrainedModel.small, place)
    }
  }

  /// A file-size limit fails writes as a full disk does.
  @Test func fullDisk() throws {
    let limit = "trap '' XFSZ; ulimit -f 8;"
    try expectRefusal(
      ["train", "--data", model.data, "--out", folder.path("run")] + TrainedModel.small + ["--hidden", "64"],
      folder.path("run"), through: limit)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path("run/checkpoints"))
    #expect(left.isEmpty, "half-written: \(left)")
    try expectRefusal(
      ["encode", "--model", model.run, "--limit", "20", "--out", folder.path("z")], folder.path("z"),
      through: "trap '' XFSZ; ulimit -f 2;")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["run"])
  }
}

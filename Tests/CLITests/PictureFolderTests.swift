import Foundation
import Imaging
import Testing

/// Folders of pictures as people bring them: what is not used is said, and what Glow writes among them is no data.
@Suite(.serialized) struct PictureFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func train(_ data: String, to run: String, more: [String] = []) throws -> Outcome {
    try GlowBinary.run(["train", "--data", data, "--out", run] + TrainedModel.small + more)
  }

  private func check(_ data: String) throws -> Outcome { try GlowBinary.run(["data", "check", data]) }

  @Test(arguments: [false, true]) func aRunAmongItsPicturesGoesOn(classes: Bool) throws {
    let data = try TinyData.pictures(folder, classes: classes)
    let run = folder.path(classes ? "class1/run" : "run")
    #expect(try train(data, to: run, more: ["--images", "64"]).status == 0)
    #expect(FileManager.default.fileExists(atPath: run + "/samples.png"))
    let resumed = try GlowBinary.run(["resume", run, "--images", "96"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    let checked = try check(data)
    #expect(checked.output.contains("train: 30 images\(classes ? ", 3 classes" : "")\n"))
    #expect(checked.errors.contains("run/ is a run of glow: its 1 picture is left out"))
    #expect(!checked.output.contains("all there"))
    guard !classes else { return }
    try glow("report", run, "--out", folder.path("report"))
    let reported = try check(data)
    #expect(reported.output.contains("train: 30 images\n"), "\(reported.output)")
    #expect(
      reported.errors.contains(/report\/ is a report of glow: its [0-9]+ pictures are left out\n/), "\(reported.errors)"
    )
  }

  @Test func picturesPutIntoModelsAndPackedSetsAreDataWhichIsSaid() throws {
    let data = try TinyData.pictures(folder)
    let picture = folder.url.appending(path: "0.png")
    let model = try TrainedModel.shared.get().copy(to: folder)
    try glow("data", "pack", data, "--out", folder.path("packed"))
    for other in [model, folder.url.appending(path: "packed")] {
      try FileManager.default.copyItem(at: picture, to: other.appending(path: "sheet.png"))
    }
    let checked = try check(data)
    #expect(checked.output.contains("train: 32 images\n"))
    #expect(checked.errors.contains("model/ is a model of glow: 1 picture in it counts as data"))
    #expect(checked.errors.contains("packed/ is a packed data set of glow: 1 picture in it counts as data"))
  }

  @Test func theFolderOfTheImagesIsNoPlaceForTheRun() throws {
    let data = try TinyData.pictures(folder)
    let link = try TemporaryFolder().path("link")
    try FileManager.default.createDirectory(
      at: URL(filePath: link).deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: data)
    defer { try? FileManager.default.removeItem(at: URL(filePath: link).deletingLastPathComponent()) }
    let before = try FileManager.default.contentsOfDirectory(atPath: data).count
    for out in [data, data + "/", data + "/../" + folder.url.lastPathComponent, link] {
      let outcome = try train(data, to: out)
      #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: --out \(out) is the folder of the images"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: data).count == before)
  }

  @Test func aSheetAmongThePicturesIsRefused() throws {
    let data = try TinyData.pictures(folder)
    try expectRefusal(["data", "show", data, "--out", folder.path("sheet.png")], "sheet.png", "would become one")
    #expect(!FileManager.default.fileExists(atPath: folder.path("sheet.png")))
  }

  @Test func trainSaysWhatItFoundAndWhatIsNotUsed() throws {
    let data = try TinyData.pictures(folder, classes: true)
    try Data("BM".utf8).write(to: folder.url.appending(path: "class0/x.bmp"))
    try PixelImage(width: 8, height: 8, channels: 1, filledWith: 9).writePNG(
      to: folder.url.appending(path: "stray.png"))
    try PixelImage(width: 8, height: 8, channels: 1, filledWith: 9)
      .writePNG(to: folder.url.appending(path: "class1/gray.png"))
    let other = try TemporaryFolder()
    let run = other.path("run")
    let outcome = try train(data, to: run, more: ["--images", "64", "--labels", "none"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let notes = [
      "Note: 1 picture does not lie in a class folder and is not used: stray.png\n",
      "Note: 1 picture file not used: 1 .bmp; to convert: ", "Note: 1 of 31 pictures is gray; it becomes RGB\n",
    ]
    for note in notes { #expect(outcome.errors.components(separatedBy: note).count == 2, "\(outcome.errors)") }
    #expect(
      outcome.output.contains(
        "The images have 3 classes (class0, class1, class2), no attributes; the model learns no classes without --labels"
      ))
    // Every verb that opens the set says the same, and nothing of it on standard output.
    for verb in [["eval", "--model", run, "--limit", "2"], ["data", "show", data, "--out", other.path("sheet.png")]] {
      let outcome = try GlowBinary.run(verb)
      #expect(outcome.status == 0 && outcome.errors.contains(notes[0]) && !outcome.output.contains("Note"))
    }
  }

  @Test func oneGrayPictureFirstIsNoMatterOfAModel() throws {
    let data = try TinyData.pictures(folder)
    try PixelImage(width: 8, height: 8, channels: 1, filledWith: 9).writePNG(to: folder.url.appending(path: "-a.png"))
    let other = try TemporaryFolder()
    let outcome = try train(data, to: other.path("run"), more: ["--images", "64"])
    #expect(outcome.status == 0 && outcome.output.contains("images 8x8x3"), "\(outcome.errors)")
  }

  @Test func twoPicturesAreTooFew() throws {
    let data = try TinyData.pictures(folder, count: 2)
    let other = try TemporaryFolder()
    let outcome = try train(data, to: other.path("run"))
    #expect(outcome.status == 1 && outcome.errors.contains("at least 3 are needed"))
    let checked = try check(data)
    #expect(checked.status == 0 && checked.errors.contains("Note: not enough to train with: "))
    #expect(!checked.output.contains("all there"))
    try PixelImage(width: 8, height: 8, channels: 3, filledWith: 9).writePNG(to: folder.url.appending(path: "2.png"))
    #expect(try train(data, to: other.path("run"), more: ["--images", "16"]).status == 0)
  }

  @Test func largePicturesPointToPacking() throws {
    for number in 0..<3 {
      try PixelImage(width: 1000, height: 600, channels: 1, filledWith: UInt8(number))
        .writePNG(to: folder.url.appending(path: "\(number).png"))
    }
    let other = try TemporaryFolder()
    let flags = ["--images", "16", "--size", "8"]
    let kept = try train(folder.url.path, to: other.path("kept"), more: flags)
    #expect(kept.status == 0 && !kept.errors.contains("data pack"), "\(kept.errors)")
    let outcome = try train(
      folder.url.path, to: other.path("run"), more: flags + ["--picture-cache", "0", "--picture-cache-disk", "0"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let command = outcome.errors.firstMatch(
      of: /to decode them once: glow (data pack .*), then train with --data (.*)\n/)
    let words = try #require(command).output.1.split(separator: " ").map(String.init)
    defer { try? FileManager.default.removeItem(atPath: String(command!.output.2)) }
    #expect(try GlowBinary.run(words).status == 0)
    #expect(try check(String(command!.output.2)).output.contains("all there"))
  }
}

import Foundation
import Imaging
import Testing

/// Data that cannot be used: one sentence that says which file or field, and what was expected.
@Suite(.serialized) struct BadDataTests {
  let data: TemporaryFolder
  let out: TemporaryFolder

  init() throws {
    data = try TemporaryFolder()
    out = try TemporaryFolder()
  }

  private func refuse(
    _ source: String, _ words: String..., more: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = out.path("run")
    let outcome = try GlowBinary.run(["train", "--data", source, "--out", run] + TrainedModel.small + more)
    #expect(outcome.status != 0 && outcome.status < 128, "status \(outcome.status)", sourceLocation: sourceLocation)
    let sentence = outcome.errors.split(separator: "\n").first { $0.hasPrefix("Error: ") } ?? ""
    for word in words {
      #expect(sentence.contains(word), "no \"\(word)\" in: \(outcome.errors)", sourceLocation: sourceLocation)
    }
    #expect(!outcome.errors.contains("Fatal error"), sourceLocation: sourceLocation)
    #expect(!FileManager.default.fileExists(atPath: run), "half-written run", sourceLocation: sourceLocation)
  }

  private func write(_ name: String, _ content: Data) throws {
    try content.write(to: data.url.appending(path: name))
  }

  @Test func missingFolder() throws {
    try refuse(data.path("nowhere"), "nowhere")
    try refuse("idx:" + data.path("nowhere"), "nowhere")
    try refuse("cifar10:" + data.path("nowhere"), "nowhere")
  }

  @Test func unknownSource() throws { try refuse("imagenet:/x", "imagenet:/x") }

  @Test func folderWithoutImages() throws {
    try write("notes.txt", Data("hello".utf8))
    try refuse(data.url.path, data.url.path)
  }

  @Test func unreadableImage() throws {
    _ = try TinyData.pictures(data, count: 30)
    try write("5.png", Data("this is no picture".utf8))
    try refuse(data.url.path, "5.png")
  }

  @Test func truncatedImage() throws {
    _ = try TinyData.pictures(data, count: 30)
    let whole = try Data(contentsOf: data.url.appending(path: "7.png"))
    try write("7.png", whole.prefix(whole.count / 2))
    try refuse(data.url.path, "7.png")
  }

  @Test func mixedSizes() throws {
    _ = try TinyData.pictures(data, count: 30)
    for number in 0..<10 {
      try PixelImage(width: 12, height: 8, channels: 3, filledWith: 9)
        .writePNG(to: data.url.appending(path: "odd\(number).png"))
    }
    try refuse(data.url.path, "12", "give a size (--size)")
  }

  @Test func sizesThatDoNotHalve() throws {
    _ = try TinyData.pictures(data, count: 30, side: 10)
    try refuse(data.url.path, "height is 10", "multiple of 4", more: ["--levels", "2"])
  }

  @Test func idxFaults() throws {
    let source = try TinyData.idx(data)
    let name = "train-images-idx3-ubyte"
    let whole = try Data(contentsOf: data.url.appending(path: name))
    try write(name, whole.prefix(whole.count - 10))
    try refuse(source, name, "\(whole.count)")
    try write(name, TinyData.big(0x999) + whole.dropFirst(4))
    try refuse(source, name, "magic")
    try write(name, whole)
    let labels = "train-labels-idx1-ubyte"
    try write(labels, TinyData.big(0x801) + TinyData.big(3) + Data([0, 1, 2]))
    try refuse(source, labels, "3")
    try FileManager.default.removeItem(at: data.url.appending(path: labels))
    try refuse(source, labels)
  }

  @Test func damagedGzip() throws {
    let source = try TinyData.idx(data)
    let name = "train-images-idx3-ubyte"
    try FileManager.default.removeItem(at: data.url.appending(path: name))
    try write(name + ".gz", Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]))
    try refuse(source, name + ".gz")
  }

  @Test func labelsThatAreNotThere() throws {
    _ = try TinyData.pictures(data, count: 30)
    try refuse(data.url.path, "--labels prior", "no labels", more: ["--labels", "prior"])
  }

  @Test func imagesThatDoNotFitTheModel() throws {
    let model = try TrainedModel.shared.get()
    let source = try TinyData.idx(data, side: 12)
    try expectRefusal(["eval", "--model", model.run, "--data", source], "12x12x1", "8x8x1", "--data")
  }

  @Test func numbersBeyondTheSplit() throws {
    let model = try TrainedModel.shared.get()
    try expectRefusal(
      ["encode", "--model", model.run, "--indices", "3,20", "--out", out.path("z")], "--indices 20", "0 to 19")
    #expect(!FileManager.default.fileExists(atPath: out.path("z")))
  }
}

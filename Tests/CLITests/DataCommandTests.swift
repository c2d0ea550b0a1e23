import Foundation
import Imaging
import Testing

/// `glow data`: list, check, pack and show.
@Suite struct DataCommandTests {
  /// Twelve pictures in split folders, with an attribute.
  private func pictures(_ folder: TemporaryFolder) throws -> URL {
    let url = folder.url.appending(path: "pictures")
    for (split, count) in [("train", 8), ("validation", 2), ("test", 2)] {
      try FileManager.default.createDirectory(at: url.appending(path: split), withIntermediateDirectories: true)
      var table = "file,dark\n"
      for number in 0..<count {
        try PixelImage(width: 6, height: 4, channels: 3, filledWith: UInt8(30 * number))
          .writePNG(to: url.appending(path: "\(split)/\(number).png"))
        table += "\(number).png,\(number < 4 ? 1 : 0)\n"
      }
      try Data(table.utf8).write(to: url.appending(path: "\(split)/attributes.csv"))
    }
    return url
  }

  @Test func listNamesEveryKind() throws {
    let text = try glow("data", "list")
    for kind in [
      "fashion-mnist", "cifar10:FOLDER", "imagenet32:", "imagenet64:", "lsun-bedroom:", "lsun-tower,crop=96:",
      "lsun-church:", "celeba,center=148:", "celebahq:", "tfrecord:", "idx:", "packed:", "attributes.csv",
      "c32a1d4ab5d03f1284b67883e8d87530",
    ] {
      #expect(text.contains(kind), "no \(kind)")
    }
  }

  @Test func checkPrintsWhatIsThereOrEveryFault() throws {
    let folder = try TemporaryFolder()
    let source = try pictures(folder)
    let text = try glow("data", "check", source.path)
    #expect(text.contains("train: 8 images, 1 attribute\n") && text.contains("all there, nothing damaged"))
    let damaged = ["train/3.png", "test/1.png"].map { source.appending(path: $0) }
    for url in damaged { try Data(try Data(contentsOf: url).dropLast(20)).write(to: url) }
    let outcome = try GlowBinary.run(["data", "check", source.path])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("2 faults:"))
    for url in damaged { #expect(outcome.errors.contains("\(url.path): the PNG data is cut short")) }
  }

  @Test func aSetIsNotPackedOntoItself() throws {
    let folder = try TemporaryFolder()
    let source = try pictures(folder).path
    for out in [source, source + "/../" + URL(filePath: source).lastPathComponent] {
      try expectRefusal(["data", "pack", source, "--out", out, "--size", "4"], "--out \(out) is the data set itself")
    }
  }

  @Test func packedImagesTrainAndShow() throws {
    let folder = try TemporaryFolder()
    let packed = folder.path("packed")
    let text = try glow(
      "data", "pack", pictures(folder).path, "--out", packed, "--size", "4x4", "--channels", "1", "--shard-size", "64")
    #expect(text.contains("12 images 4x4x1") && text.contains("train 8, validation 2, test 2"))
    #expect(try glow("data", "check", "packed:\(packed)").contains("all there"))
    let sheet = folder.path("sheet.png")
    let rows = try glow("data", "show", packed, "--attributes", "dark", "--out", sheet, "--columns", "3")
    #expect(rows.contains("dark yes: 4 of 8 images") && rows.contains("dark no: 4 of 8 images"))
    let picture = try PixelImage(contentsOf: URL(filePath: sheet))
    // Two rows of three images, twice enlarged, with borders of two.
    #expect((picture.width, picture.height) == (3 * 10 + 2, 2 * 12))
    try glow(
      "train", "--data", packed, "--out", folder.path("run"), "--levels", "1", "--steps", "1", "--hidden", "4",
      "--batch",
      "4", "--images", "16", "--warmup", "4", "--average", "4", "--validate-every", "8", "--checkpoint-every", "8",
      "--decay", "none", "--threads", "1")
  }

  @Test func refusals() throws {
    let folder = try TemporaryFolder()
    let source = try pictures(folder).path
    let out = folder.path("out.png")
    try expectRefusal(["data", "pack", source, "--out", folder.url.path], folder.url.path, "already")
    try expectRefusal(["data", "pack", "celebs:\(source)", "--out", out], "is no data set", "celeba")
    try expectRefusal(["data", "show", "celeba,crop=3:\(source)", "--out", out], "crop=", "center=PIXELS")
    try expectRefusal(["data", "show", source, "--out", out, "--attributes", "bright"], "no bright", "dark")
    try expectRefusal(["data", "show", "idx:\(source)", "--out", out], "train-images-idx3-ubyte.gz: there is no such")
    #expect(!FileManager.default.fileExists(atPath: out))
  }
}

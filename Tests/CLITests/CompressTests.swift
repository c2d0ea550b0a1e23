import Foundation
import Imaging
import Testing

/// Archives by the command line.
@Suite struct CompressTests {
  private func pictures(in folder: URL) throws -> [String: PixelImage] {
    var found: [String: PixelImage] = [:]
    for case let path as String in try #require(FileManager.default.enumerator(atPath: folder.path)) {
      let url = folder.appending(path: path)
      if url.pathExtension != "" { found[path] = try PixelImage(contentsOf: url) }
    }
    return found
  }

  /// PNG files of several sizes, gray and color, in folders.
  private func write(to folder: URL) throws {
    for number in 0..<9 {
      let (side, channels) = ([8, 12, 3][number % 3], number == 4 ? 1 : 3)
      let parent = folder.appending(path: ["", "deep/er", "deep"][number % 3])
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      try PixelImage(
        width: side, height: 8, channels: channels,
        pixels: (0..<side * 8 * channels).map { UInt8(($0 * (number + 3) * 7) % 251) }
      ).writePNG(to: parent.appending(path: "\(number).png"))
    }
  }

  @Test func foldersComeBack() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      let (given, archive, back) = (
        folder.appending(path: "given"), folder.appending(path: "a.glz"), folder.appending(path: "back")
      )
      try write(to: given)
      try Data("text".utf8).write(to: given.appending(path: "notes.txt"))
      let packed = try GlowBinary.run([
        "compress", given.path, "--model", run, "-o", archive.path, "-v", "--block", "4",
      ])
      #expect(packed.status == 0, "\(packed.errors)")
      #expect(packed.output.hasPrefix("9 pictures, ") && packed.output.contains("tiles: "), "\(packed.output)")
      #expect(packed.errors.contains("1 file of other kinds than PNG, JPEG and WebP is left out"), "\(packed.errors)")
      let unpacked = try GlowBinary.run(["decompress", archive.path, "--model", run, "-o", back.path])
      #expect(unpacked.status == 0, "\(unpacked.errors)")
      #expect(unpacked.output == "9 pictures in \(back.path): \(archive.path)\n")
      try FileManager.default.removeItem(at: given.appending(path: "notes.txt"))
      #expect(try pictures(in: back) == pictures(in: given))

      // One picture, and what is in it without the model.
      let png = folder.appending(path: "one.png")
      let one = try GlowBinary.run(
        ["decompress", archive.path, "--model", run, "--only", "deep/er/1.png", "-c"], through: "exec >\(png.path);")
      #expect(one.status == 0, "\(one.errors)")
      let own = try PixelImage(contentsOf: given.appending(path: "deep/er/1.png"))
      #expect(try PixelImage(contentsOf: png) == own)
      let listed = try glow("decompress", archive.path, "-l")
      #expect(listed.contains("12x8x3  deep/er/1.png") && listed.contains("SHA-256"))
      let report = try decodeJSON(glow("decompress", archive.path, "-l", "--json"))
      #expect(report["images"] as? Int == 9 && (report["files"] as? [[String: Any]])?.count == 9)
      #expect(try glow("decompress", archive.path, "-t", "--model", run).contains("9 pictures as they were written"))
    }
  }

  @Test func setsAndLabels() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled()
      let (archive, back) = (folder.appending(path: "a.glz"), folder.appending(path: "back"))
      let packed = try GlowBinary.run(
        ["compress", "--data", run.data, "--model", run.run.path, "-o", archive.path, "--embed-model"])
      #expect(packed.status == 0 && packed.output.hasPrefix("20 pictures, "), "\(packed.errors)")
      // The model is in the archive.
      try glow("decompress", archive.path, "-o", back.path, "--only", "3...5", "-q")
      #expect(back.names == ["000003.png", "000004.png", "000005.png"])
      #expect(try PixelImage(contentsOf: back.appending(path: "000003.png")) == testPicture(63))
      for label in [["--label", "1"], []] {
        let file = folder.appending(path: "b.glz")
        try glow(["compress", back.path, "--model", run.run.path, "-o", file.path] + label)
        #expect(try glow("decompress", file.path, "-t", "--model", run.run.path).contains("3 pictures as they were"))
      }
    }
  }

  /// An archive is a data set of its pictures, and `--sizes` says what each takes.
  @Test func archivesAreDataSets() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      let (given, archive) = (folder.appending(path: "given"), folder.appending(path: "a.glz"))
      for split in ["train", "validation", "test"] {
        for (kind, numbers) in [("cat", 0..<6), ("dog", 6..<12)] {
          let parent = given.appending(path: "\(split)/\(kind)")
          try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
          for number in numbers {
            try testPicture(number, channels: 3).writePNG(to: parent.appending(path: "\(number), a.png"))
          }
        }
      }
      let sizes = folder.appending(path: "sizes.csv")
      try glow(
        "compress", given.path, "--model", run, "-o", archive.path, "--embed-model", "--sizes", sizes.path, "--effort",
        "2")
      let lines = try String(contentsOf: sizes, encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 37 && lines[0] == "image,bits_per_dim,bytes,by")
      #expect(lines[1].hasPrefix("\"test/cat/0, a.png\","), "\(lines[1])")
      func evaluation(_ data: URL) throws -> NSDictionary {
        let report = try decodeJSON(glow("eval", "--model", run, "--data", data.path, "--json"))
        return try #require(report["evaluation"] as? NSDictionary)
      }
      #expect(try evaluation(archive) == evaluation(given))
      let trained = try GlowBinary.run([
        "train", "--preset", "toy", "--data", archive.path, "--levels", "1", "--steps", "1", "--hidden", "4",
        "--images",
        "8", "--out", folder.appending(path: "run").path,
      ])
      #expect(trained.status == 0, "\(trained.errors)")
      // Without the model there is nothing to train on.
      try glow("compress", given.path, "--model", run, "-o", archive.path, "-f")
      let bare = try Data(contentsOf: archive)
      let name = try #require(bare.range(of: Data(run.utf8)))
      var moved = bare
      moved.replaceSubrange(name, with: Data(run.utf8.map { _ in UInt8(ascii: "x") }))
      try moved.write(to: archive)
      let lost = try GlowBinary.run(["eval", "--model", run, "--data", archive.path])
      #expect(lost.status != 0 && lost.errors.contains("a.glz"), "\(lost.errors)")
      let missing = try GlowBinary.run(["eval", "--model", run, "--data", folder.path + "/none.glz"])
      #expect(missing.status != 0 && missing.errors.contains("expected a zip, tar or glz file"), "\(missing.errors)")
    }
  }

  @Test func whatCannotBePacked() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      let out = folder.appending(path: "a.glz").path
      let clear = folder.appending(path: "clear.png")
      try PixelImage(width: 2, height: 2, channels: 4, pixels: [UInt8](0..<16)).writePNG(to: clear)
      func refused(_ arguments: [String], _ words: String...) throws {
        try expectRefusal(["compress"] + arguments, saying: words, leaving: folder)
      }
      try refused([clear.path, "--model", run, "-o", out], "clear.png", "alpha channel", "--flatten")
      try refused([folder.path + "/none.png", "--model", run, "-o", out], "none.png", "no such file")
      try refused(["--model", run, "-o", out], "name pictures or folders")
      try refused([clear.path, "--data", "fashion-mnist", "-o", out], "give one of both")
      try refused([clear.path, clear.path, "--model", run, "-o", out], "would both be clear.png")
      try refused([clear.path, "--model", run, "-o", folder.path + "/a.png"], "NAME.glz")
      try refused([clear.path, "--model", run, "-o", out, "--block", "0"], "--block is 0")
      try Data("mine".utf8).write(to: URL(filePath: out))
      try refused([clear.path, "--flatten", "--model", run, "-o", out], "not an archive that Glow wrote")
      try glow("compress", clear.path, "--flatten", "--model", run, "-o", out, "-f", "-q", "--rm")
      #expect(!FileManager.default.fileExists(atPath: clear.path))
      try refused([folder.path, "--model", run, "-o", out], "there are no pictures")
    }
  }

  /// Exit status: 1 for damage, 2 for another model, 64 for flags.
  @Test func whatCannotBeUnpacked() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      let (given, archive, back) = (
        folder.appending(path: "given"), folder.appending(path: "a.glz"), folder.appending(path: "back")
      )
      try write(to: given)
      try glow("compress", given.path, "--model", run, "-o", archive.path, "--block", "3")
      func outcome(_ arguments: String...) throws -> Outcome {
        try GlowBinary.run(["decompress", archive.path] + arguments)
      }
      let other = try outcome("--model", TrainedRun.realNVP().run.path, "-t")
      #expect(other.status != 0 && other.errors.contains("has no blueprint"), "\(other.errors)")
      let wrong = try outcome("--model", "fashion-mnist", "-t")
      #expect(wrong.status == 2 && wrong.errors.contains("written with another model"), "\(wrong.errors)")
      let flags = try outcome("--model", run, "--only", "99", "-o", back.path)
      #expect(flags.status == 64 && flags.errors.contains("a number from 0 to 8"), "\(flags.errors)")
      try glow("decompress", archive.path, "--model", run, "-o", back.path)
      let again = try outcome("--model", run, "-o", back.path)
      #expect(again.status == 64 && again.errors.contains("is there already"), "\(again.errors)")
      try FileManager.default.removeItem(at: back)

      var bytes = try Data(contentsOf: archive)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: archive)
      let damaged = try outcome("--model", run, "-o", back.path)
      #expect(damaged.status == 1 && damaged.errors.contains("checksum"), "\(damaged.errors)")
      try? FileManager.default.removeItem(at: back)
      let part = try outcome("--model", run, "-o", back.path, "--keep-going")
      #expect(part.status == 1 && part.errors.contains("left out: block"), "\(part.errors)")
      for (name, picture) in try pictures(in: back) {
        #expect(try picture == PixelImage(contentsOf: given.appending(path: name)), "\(name)")
      }
      try bytes.dropLast(100).write(to: archive)
      let cut = try outcome("--model", run, "-t")
      #expect(cut.status == 1 && cut.errors.contains("--keep-going"), "\(cut.errors)")
      try Data("nothing".utf8).write(to: archive)
      let nothing = try outcome("-l")
      #expect(nothing.status == 1, "\(nothing.errors)")
    }
  }
}

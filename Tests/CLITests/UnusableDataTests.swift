import Foundation
import Imaging
import Testing

/// Data that cannot be trained on, and what `glow train` says about them.
@Suite struct UnusableDataTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let words: [String]
    let flags: [String]
    /// Makes the data in a folder; returns what `--data` is given.
    let make: @Sendable (URL) throws -> String

    init(_ name: String, _ words: [String], _ flags: [String] = [], make: @escaping @Sendable (URL) throws -> String) {
      (testDescription, self.words, self.flags, self.make) = (name, words, flags, make)
    }
  }

  static let pictures = [
    Case("a file", ["notes.txt", "it is a file, expected a folder"]) { try $0.write([65], to: "notes.txt").path },
    Case("truncated PNG", [".png", "PNG data is cut short", "expected a whole file"]) {
      try writePictures(to: $0)
      for name in $0.names { try $0.appending(path: name).rewrite { $0.dropLast(30) } }
      return $0.path
    },
    Case("empty PNG", ["3.png", "empty"]) {
      try writePictures(to: $0)
      try $0.write([], to: "3.png")
      return $0.path
    },
    Case("mixed sizes", ["8x8", "12x12", "give a size (--size)"]) {
      try writePictures(to: $0) { $0 == 20 ? 12 : 8 }
      return $0.path
    },
    Case("one picture", ["1 image", "validation", "at least 3"]) {
      try writePictures(to: $0, count: 1)
      return $0.path
    },
    Case("height not divisible", ["height is 10", "multiple of 4"], ["--levels", "2"]) {
      try writePictures(to: $0) { _ in 10 }
      return $0.path
    },
    Case("size not divisible", ["width is 12", "multiple of 8"], ["--levels", "3", "--size", "8x12"]) {
      try writePictures(to: $0)
      return $0.path
    },
    Case("channels", ["channels is 7", "1 or 3"], ["--channels", "7"]) {
      try writePictures(to: $0)
      return $0.path
    },
  ]

  static let sets = [
    Case("truncated gzip", ["train-images-idx3-ubyte.gz", "gzip"]) {
      try writeIDX(to: $0)
      let images = $0.appending(path: "train-images-idx3-ubyte")
      let zip = Process()
      zip.executableURL = URL(filePath: "/usr/bin/env")
      zip.arguments = ["gzip", images.path]
      try zip.run()
      zip.waitUntilExit()
      try images.appendingPathExtension("gz").rewrite { $0.dropLast(200) }
      return "idx:\($0.path)"
    },
    Case("truncated IDX", ["train-images-idx3-ubyte", "ends inside its elements", "expected 3856 bytes, found 3756"]) {
      try writeIDX(to: $0).appending(path: "train-images-idx3-ubyte").rewrite { $0.dropLast(100) }
      return "idx:\($0.path)"
    },
    Case("wrong magic number", ["train-labels-idx1-ubyte", "magic number should be 2049", "found 2051"]) {
      try writeIDX(to: $0).write(idx([60, 1, 1], [UInt8](repeating: 0, count: 60)), to: "train-labels-idx1-ubyte")
      return "idx:\($0.path)"
    },
    Case("size not divisible", ["height is 28", "multiple of 8"], ["--levels", "3"]) {
      try "idx:\(writeIDX(to: $0, size: 28).path)"
    },
    Case("channels", ["channels is 7", "1 or 3"], ["--channels", "7"]) { try "idx:\(writeIDX(to: $0).path)" },
    Case("no such kind", ["\"mnist:x\" is no data set", "expected fashion-mnist"]) { _ in "mnist:x" },
  ]

  @Test(arguments: pictures + sets) func training(bad: Case) throws {
    try withTemporaryFolder { folder in
      let data = folder.appending(path: "data")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      let source = try bad.make(data)
      let run = folder.appending(path: "run")
      try expectRefusal(tinyTraining(on: source, to: run) + bad.flags, saying: bad.words)
      // Pictures are decoded when training starts: then the folder is there.
      #expect(run.names.isEmpty || run.names == ["checkpoints"])
      #expect(run.appending(path: "checkpoints").names.isEmpty)
    }
  }

  @Test func labelsOfOtherNames() throws {
    try withTemporaryFolder { folder in
      let (data, run) = (folder.appending(path: "data"), try TrainedRun.color().run.path)
      try writePictures(to: data, channels: 3, classes: ["fish", "bird"])
      try expectRefusal(["eval", "--model", run, "--data", data.path], saying: ["bird, fish", "cat, dog"])
      let plain = try writePictures(to: folder.appending(path: "plain"), channels: 3)
      try expectRefusal(["eval", "--model", run, "--data", plain.path], saying: ["conditional", "no labels"])
    }
  }

  @Test func pictureFiles() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let (text, out) = (try folder.write("text".utf8, to: "text.png").path, folder.appending(path: "out").path)
      let missing = folder.appending(path: "missing.png").path
      for verb in ["encode", "interpolate", "reconstruct"] {
        let start = [verb, "--model", run, "--out", verb == "encode" ? out : out + ".png"]
        try expectRefusal(start + [missing, missing], saying: [missing, "no such file"], leaving: folder)
        try expectRefusal(start + [text, text], saying: [text, "not a picture"], leaving: folder)
      }
    }
  }
}

import Foundation
import Imaging
import Testing

@Suite struct SampleTests {
  @Test func gridSize() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending(path: "grid.png")
      let run = try TrainedRun.unlabeled().run.path
      let said = try glow("sample", "--model", run, "--out", out.path, "--count", "5", "--columns", "3")
      #expect(said == "5 samples at temperature 0.7: \(out.path)\n")
      let one = try glow("sample", "--model", run, "--out", out.path + ".one.png", "--count", "1")
      #expect(one == "1 sample at temperature 0.7: \(out.path).one.png\n")
      let grid = try PixelImage(contentsOf: out)
      #expect(grid.width == 3 * 18 + 2 && grid.height == 2 * 18 + 2 && grid.channels == 1)
      try glow(
        "sample", "--model", run, "--out", out.path, "--count", "5", "--columns", "3", "--enlarge", "1",
        "--temperature", "0.5", "--temperature", "1")
      // Each block begins a row, with "T 0.5" and a margin beside it.
      let blocks = try PixelImage(contentsOf: out)
      #expect(blocks.width == 32 + 31 && blocks.height == 4 * 10 + 2)
    }
  }

  @Test func temperaturesOfLevels() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      func sample(_ temperature: String) throws -> PixelImage {
        let out = folder.appending(path: "grid.png")
        try glow("sample", "--model", run, "--out", out.path, "--count", "4", "--temperature", temperature)
        return try PixelImage(contentsOf: out)
      }
      #expect(try sample("0.5,0.5") == sample("0.5"))
      #expect(try sample("0.5,0.9") != sample("0.5"))
      let start = ["sample", "--model", run, "--out", folder.appending(path: "out.png").path, "--temperature"]
      try expectRefusal(
        start + ["0.5,0.6,0.7"], saying: ["--temperature 0.5,0.6,0.7", "3", "2 levels"], leaving: folder)
      try expectRefusal(start + ["0.5,warm"], saying: ["0.5,warm"], leaving: folder)
    }
  }

  @Test func neighborsOfSamples() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let out = folder.appending(path: "near.png")
      let said = try glow(
        "sample", "--model", model.run.path, "--out", out.path, "--count", "3", "--neighbors", model.data,
        "--neighbor-count", "2", "--enlarge", "1")
      #expect(said.contains("nearest of 55 train images") && said.contains("; of 3 test images median "))
      let grid = try PixelImage(contentsOf: out)
      // "sample" is cut to one letter at this size; the numbers are left of the rows.
      #expect(grid.height == 3 * 10 + 2 + 9 && grid.width > 3 * 10 + 2)
      let start = ["sample", "--model", model.run.path, "--out", out.path, "--neighbors"]
      try expectRefusal(
        start + ["\(model.data):validation", "--neighbor-count", "6"],
        saying: ["validation", "5 images", "6 neighbors"],
        leaving: folder)
      try expectRefusal(start + [folder.path + "/none"], saying: ["none", "no such folder"], leaving: folder)
      try expectRefusal(start + [model.data, "--files"], saying: ["--neighbors"], leaving: folder)
    }
  }

  @Test func filesAreNamedByLabelAndNumber() throws {
    try withTemporaryFolder { folder in
      func names(_ model: TrainedRun, _ flags: String...) throws -> [String] {
        let out = folder.appending(path: UUID().uuidString)
        let output = try GlowBinary.run(["sample", "--model", model.run.path, "--out", out.path, "--files"] + flags)
        #expect(output.status == 0, "\(output.errors)")
        return out.names
      }
      let plain = try names(.unlabeled(), "--count", "2")
      #expect(plain == ["sample-0.png", "sample-1.png"])
      let inTurn = try names(.labeled(), "--count", "4")
      #expect(inTurn == ["0-0.png", "0-3.png", "1-1.png", "2-2.png"])
      let blocks = try names(
        .labeled(), "--count", "2", "--temperature", "0.5", "--temperature", "1", "--label", "2")
      #expect(blocks == ["2-0.png", "2-1.png", "2-2.png", "2-3.png"])
    }
  }

  @Test func labelsByNameAndNumber() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.color().run.path
      func sample(_ label: String) throws -> PixelImage {
        let out = folder.appending(path: "grid.png")
        try glow("sample", "--model", run, "--out", out.path, "--count", "4", "--label", label)
        return try PixelImage(contentsOf: out)
      }
      let dog = try sample("dog")
      #expect(dog.channels == 3)
      #expect(try sample("1") == dog && sample("Dog") == dog)
      #expect(try sample("cat") != dog)
    }
  }

  @Test func imagesThatRunAwayAreCounted() throws {
    try withTemporaryFolder { folder in
      let start = try [
        "sample", "--model", TrainedRun.labeled().run.path, "--count", "3", "--out",
        folder.appending(path: "out.png").path,
        "--temperature",
      ]
      let hot = try GlowBinary.run(start + ["100"])
      #expect(
        hot.status == 0
          && hot.errors.contains(
            "images that left the range of pictures, and show noise or saturated colors: 3 of 3; take a lower")
      )
      #expect(try !GlowBinary.run(start + ["0.5"]).errors.contains("left the range"))
    }
  }

  @Test func temperatureZeroIsOneImage() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      try glow("sample", "--model", run, "--out", folder.path, "--count", "2", "--temperature", "0", "--files")
      let images = try folder.names.map { try PixelImage(contentsOf: folder.appending(path: $0)) }
      #expect(images.count == 2 && images[0] == images[1])
    }
  }
}

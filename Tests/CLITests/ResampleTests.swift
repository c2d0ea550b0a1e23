import Foundation
import Imaging
import Testing

@Suite struct ResampleTests {
  @Test func resampleKeepsTheCoarseLevels() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let out = folder.appending(path: "out.png")
      func resample(_ flags: String...) throws -> PixelImage {
        let outcome = try GlowBinary.run(
          ["resample", "--model", run, "--out", out.path, "--count", "3", "--limit", "1", "--enlarge", "1"] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try PixelImage(contentsOf: out)
      }
      let none = try resample("--levels", "0")
      // "0 of 2" and a margin.
      let left = 6 * 6 - 1 + 2
      #expect(none.width == left + 42 && none.height == 12)
      for column in 0..<4 {
        let pixels = (0..<8).flatMap { y in
          (0..<8).flatMap { x in Array(none[x: left + 2 + column * 10 + x, y: 2 + y]) }
        }
        #expect(pixels == testPicture(60).pixels)
      }
      #expect(try resample().height == 22)
      #expect(try resample("--seed", "1") != resample("--seed", "2"))
    }
  }

  @Test func badRequests() throws {
    try withTemporaryFolder { folder in
      let resample = [
        "resample", "--model", try TrainedRun.labeled().run.path, "--out", folder.appending(path: "out.png").path,
      ]
      try expectRefusal(resample + ["--levels", "3"], saying: ["--levels 3", "2 levels"], leaving: folder)
      try expectRefusal(resample + ["--count", "0"], saying: ["--count is 0"], leaving: folder)
    }
  }
}

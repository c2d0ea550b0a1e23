import Foundation
import Imaging
import Testing

@Suite struct ScoreTests {
  @Test func linesOfFilesAndFolders() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let pictures = try writePictures(to: folder.appending(path: "pictures"), count: 5)
      let single = try folder.write(testPicture(9).encodePNG(), to: "a, b.png").path
      let lines = try glow("score", "--model", run, single, pictures.path).split(separator: "\n")
      #expect(lines[0] == "image,bits_per_dim,png_bits_per_dim,corrected")
      #expect(lines.count == 7 && lines[1].hasPrefix("\"\(single)\",") && lines[2].contains("pictures/0.png,"))
      for line in lines[2...] {
        let fields = line.split(separator: ",").dropFirst().map { Double($0)! }
        #expect(fields.count == 3 && abs(fields[0] - fields[1] - fields[2]) < 2e-4)
      }
      let out = folder.appending(path: "scores.jsonl")
      let said = try glow("score", "--model", run, "--limit", "3", "--json", "--out", out.path)
      #expect(said == "3 images scored: \(out.path)\n")
      let objects = try String(contentsOf: out, encoding: .utf8).split(separator: "\n").map {
        try decodeJSON(String($0))
      }
      #expect(objects.map { $0["image"] as? Int } == [0, 6, 13])
      #expect(objects.allSatisfy { ($0["bitsPerDimension"] as? Double ?? 0) > 0 && $0["percentile"] == nil })
    }
  }

  /// Under its own label the mean is what eval reports.
  @Test func theMeanIsThatOfEval() throws {
    let run = try TrainedRun.labeled().run.path
    let evaluation = try #require(decodeJSON(glow("eval", "--model", run, "--json"))["evaluation"] as? [String: Any])
    let lines = try glow("score", "--model", run, "--labels", "own", "--json").split(separator: "\n")
    let bits = try lines.map { try #require(decodeJSON(String($0))["bitsPerDimension"] as? Double) }
    let mean = try #require(evaluation["bitsPerDimension"] as? Double)
    #expect(bits.count == 20 && abs(bits.reduce(0, +) / 20 - mean) < 1e-5)
  }

  @Test func againstAReference() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let cache = folder.appending(path: "reference.safetensors").path
      func scores(_ flags: String...) throws -> String {
        let outcome = try GlowBinary.run(
          ["score", "--model", model.run.path, "--reference", "\(model.data):test", "--reference-cache", cache] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      let first = try scores()
      #expect(try scores() == first)
      let lines = first.split(separator: "\n")
      #expect(
        lines[0] == "image,bits_per_dim,deviations,percentile,png_bits_per_dim,corrected,corrected_percentile")
      // The reference scored against itself: every place once, deviations of mean 0.
      let fields = lines[1...].map { $0.split(separator: ",").map { Double($0)! } }
      #expect(abs(fields.reduce(0) { $0 + $1[2] }) < 0.02)
      #expect(fields.map { $0[3] }.sorted() == (0..<20).map { Double($0) * 5 + 2.5 })
      try expectRefusal(
        ["score", "--model", model.run.path, "--reference", "\(model.data):train", "--reference-cache", cache],
        saying: [cache, "field data", ":test", ":train"], leaving: folder)
    }
  }

  @Test func badRequests() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let large = try folder.write(testPicture(1, size: 12).encodePNG(), to: "large.png").path
      let empty = folder.appending(path: "empty")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
      let score = ["score", "--model", model.run.path]
      let out = folder.appending(path: "out.png").path
      let requests: [([String], [String])] = [
        (score + [large], [large, "8x8", "12x12"]), (score + [empty.path], [empty.path, "no pictures"]),
        (score + [folder.path + "/none.png"], ["none.png", "no such file"]),
        (score + ["--reference", empty.path], [empty.path, "no pictures"]),
        (score + ["--reference-cache", out], ["--reference-cache", "--reference"]),
        (score + [large, "--fit", "--labels", "own"], ["labels"]),
        (score + ["--out", folder.path + "/missing/out.csv"], ["missing/out.csv", "written"]),
      ]
      for (arguments, words) in requests { try expectRefusal(arguments, saying: words, leaving: folder) }
      #expect(try glow("score", "--model", model.run.path, large, "--fit").contains(large))
    }
  }
}

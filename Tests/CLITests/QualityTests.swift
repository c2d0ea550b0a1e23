import Foundation
import Testing

@Suite struct QualityTests {
  @Test func precisionAndRecall() throws {
    let model = try TrainedRun.labeled()
    for space in ["pixels", "latents"] {
      let report = try decodeJSON(
        glow("quality", "--model", model.run.path, "--split", "train", "--space", space, "--json"))
      let samples = try #require(report["samples"] as? [String: Double])
      #expect(samples.count == 2 && samples.values.allSatisfy { (0...1).contains($0) })
      #expect(report["images"] as? Int == 55 && report["space"] as? String == space && report["baseline"] == nil)
    }
  }

  /// Figures compare only at equal counts: of 55 and 5 images, 5 on each side.
  @Test func theBaselineHasAsManyImages() throws {
    let model = try TrainedRun.labeled()
    let text = try glow("quality", "--model", model.run.path, "--split", "train", "--baseline")
    #expect(text.contains(": 5 samples at temperature 0.7\n") && text.contains(": images of the validation split\n"))
    #expect(text.contains("against 5 images of the train split of") && text.contains("by their pixels, 3 neighbors"))
  }

  @Test func badRequests() throws {
    let quality = ["quality", "--model", try TrainedRun.labeled().run.path]
    try expectRefusal(quality + ["--count", "3"], "--count is 3")
    try expectRefusal(quality + ["--neighbors", "30"], "20 images", "30")
    try expectRefusal(quality + ["--split", "validation", "--baseline"], "--baseline", "--split")
  }
}

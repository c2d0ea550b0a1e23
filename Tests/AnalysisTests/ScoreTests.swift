import Analysis
import FlowModels
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@Suite struct ScoreTests {
  private func scores(
    _ glow: Glow, _ dataset: SmallImages, _ condition: ScoreCondition = .anyLabel, batchSize: Int = 100
  ) throws -> [ImageScore] {
    var all: [ImageScore] = []
    try glow.score(dataset, condition: condition, batchSize: batchSize) { all += $0 }
    return all
  }

  @Test func doNotDependOnTheBatch() throws {
    let glow = try Glow.small()
    let dataset = SmallImages(count: 11)
    let (one, many) = (try scores(glow, dataset), try scores(glow, dataset, batchSize: 3))
    #expect(one.count == 11)
    expectClose(one.map(\.bitsPerDimension), many.map(\.bitsPerDimension), within: 1e-10, "bits/dim")
    #expect(Set(one.map(\.bitsPerDimension)).count == 11)
  }

  @Test(arguments: [8, 3]) func theSizeOfThePNG(bits: Int) throws {
    let dataset = SmallImages(count: 4)
    for (index, score) in try scores(.small(bits: bits), dataset).enumerated() {
      let step = 1 << (8 - bits)
      let pixels = dataset.pixels(index).map { UInt8(Int($0) / step * step) }
      let png = try PixelImage(width: 4, height: 4, channels: 1, pixels: pixels).encodePNG()
      #expect(score.pngBitsPerDimension == Double(png.count * 8) / 16)
      #expect(score.corrected == score.bitsPerDimension - score.pngBitsPerDimension)
    }
  }

  /// p(x) is the mean of p(x | label).
  @Test func underAnyLabelAndUnderTheirOwn() throws {
    let glow = try Glow.small(classes: ["a", "b"])
    // The same images, with the same noise, under either label.
    let bits = try (0..<2).map { shift in
      try scores(glow, SmallImages(count: 3, classNames: ["a", "b"], labelShift: shift), .ownLabel)
        .map(\.bitsPerDimension)
    }
    let any = try scores(glow, SmallImages(count: 3), .anyLabel).map(\.bitsPerDimension)
    for image in 0..<3 {
      // Bits of 16 dimensions, relative to what keeps the powers in range.
      let powers = bits.map { exp2(-16 * ($0[image] - any[image])) }
      #expect(abs(powers[0] + powers[1] - 2) < 1e-9 && abs(powers[0] - powers[1]) > 1e-6)
    }
    #expect(throws: AnalysisError.self) { try scores(glow, SmallImages(classNames: ["x", "y"]), .ownLabel) }
    #expect(throws: AnalysisError.self) { try scores(glow, SmallImages(), .ownLabel) }
  }

  @Test func placesAmongTheReference() throws {
    let glow = try Glow.small()
    let reference = try ReferenceScores(
      of: SmallImages(count: 30), called: "thirty", with: glow, condition: .anyLabel, batchSize: 8)
    let bits = reference.scores.map(\.bitsPerDimension)
    let mean = bits.reduce(0, +) / 30
    let deviation = (bits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29).squareRoot()
    for score in reference.scores[..<5] + [ImageScore(bitsPerDimension: mean + 2 * deviation, pngBitsPerDimension: 1)] {
      let place = reference.place(of: score)
      // log p is the lower, the higher bits/dim are.
      #expect(abs(place.deviations - (mean - score.bitsPerDimension) / deviation) < 1e-9)
      func percent(_ values: [Double], below value: Double) -> Double {
        100 * values.reduce(0) { $0 + ($1 < value ? 1 : $1 == value ? 0.5 : 0) } / 30
      }
      #expect(abs(place.percentile - percent(bits.map { -$0 }, below: -score.bitsPerDimension)) < 1e-9)
      #expect(
        abs(place.correctedPercentile - percent(reference.scores.map(\.corrected), below: score.corrected)) < 1e-9)
    }
    #expect(throws: AnalysisError.self) {
      try ReferenceScores(of: SmallImages(count: 1), called: "one", with: glow, condition: .anyLabel)
    }
    #expect(throws: AnalysisError.self) {
      try ReferenceScores(of: SmallImages(count: 0), called: "none", with: glow, condition: .anyLabel)
    }
  }

  @Test func referencesAreKept() throws {
    try withTemporaryFolder { folder in
      let glow = try Glow.small()
      let url = folder.appending(path: "reference.safetensors")
      let made = try ReferenceScores(of: SmallImages(), called: "forty", with: glow, condition: .anyLabel)
      try made.write(to: url)
      let read = try ReferenceScores(contentsOf: url, model: glow, data: "forty", condition: .anyLabel)
      #expect(read.scores == made.scores)
      let mistakes: [(Glow, String, ScoreCondition, String)] = try [
        (.small(seed: 8), "forty", .anyLabel, "field model"), (glow, "fifty", .anyLabel, "field data is forty"),
        (glow, "forty", .ownLabel, "field condition is any"),
      ]
      for (model, data, condition, words) in mistakes {
        let error = #expect(throws: AnalysisError.self) {
          try ReferenceScores(contentsOf: url, model: model, data: data, condition: condition)
        }
        #expect(error?.description.contains(words) == true && error?.description.contains(url.path) == true)
      }
    }
  }
}

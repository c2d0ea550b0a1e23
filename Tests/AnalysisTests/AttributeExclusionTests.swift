import Datasets
import FlowModels
import Foundation
import ModelImages
import Testing

/// What training images say of which attributes go together.
@Suite struct AttributeExclusionTests {
  /// Tops of three kinds; curls of hair alone, which are not known under a hat; glasses of anybody.
  private struct Heads: ImageDataset {
    var name: String { "heads" }
    var split: DatasetSplit { .train }
    var shape: ImageShape { ImageShape(height: 8, width: 8, channels: 1) }
    var count = 600
    /// Heads that are said to be bald and hatted.
    var wrong = 0
    var classNames: [String] { [] }
    var attributeNames: [String] { ["hair", "bald", "hat", "curls", "glasses"] }

    func label(at index: Int) -> Int? { nil }
    func copyPixels(at index: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) { buffer.update(repeating: 0) }
    func attribute(_ attribute: Int, at index: Int) -> Bool? {
      let top = index % 3
      return switch attribute {
      case 0, 1: top == attribute
      case 2: top == 2 || (top == 1 && index / 3 < wrong)
      case 3: top == 2 ? nil : top == 0 && index % 2 == 0
      default: index % 5 == 0
      }
    }
  }

  private func found(in heads: Heads, most: Int = 20_000) throws -> [AttributeExclusion] {
    var configuration: any FlowConfiguration = GlowConfiguration.standard
    try configuration.condition(onAttributes: heads.attributeNames)
    configuration.learnAttributes(of: heads, most: most)
    return configuration.attributeExclusions
  }

  private let expected: [AttributeExclusion] = [
    .init(attribute: "hair", absent: ["bald", "hat"], isChoice: true),
    .init(attribute: "bald", absent: ["hair", "hat", "curls"], isChoice: true),
    .init(attribute: "hat", absent: ["hair", "bald"], unknown: ["curls"], isChoice: true),
    .init(attribute: "curls", absent: ["bald", "hat"]),
  ]

  @Test func whatIsNeverSeenTogether() throws {
    #expect(try found(in: Heads()) == expected)
    #expect(try found(in: Heads(count: 100_001)) == expected, "of more images than are looked at")
    #expect(try found(in: Heads(), most: 450) == expected)
    #expect(try found(in: Heads(count: 30_000, wrong: 20)) == expected, "a few wrong labels")
    #expect(try found(in: Heads(wrong: 20)).first { $0.attribute == "hat" }?.absent == ["hair"], "too many to be wrong")
    #expect(try found(in: Heads(count: 30)).isEmpty, "of few images nothing is said")
  }

  /// Samples have what images of the training have, but for what is asked for.
  @Test func drawnAttributes() throws {
    var configuration: any FlowConfiguration = GlowConfiguration.standard
    try configuration.condition(onAttributes: Heads().attributeNames)
    #expect(configuration.drawnAttributes(0..<4, seed: 1, others: 1) == nil, "nothing was learned")
    configuration.learnAttributes(of: Heads())
    let examples = configuration.attributeExamples
    #expect(examples.count == 256)
    let rows = try #require(configuration.drawnAttributes(0..<100, seed: 1, others: 1))
    #expect(rows.allSatisfy(examples.contains))
    #expect(Set(rows).count > 6, "of all kinds")
    #expect(configuration.drawnAttributes(40..<60, seed: 1, others: 1) == Array(rows[40..<60]))
    #expect(configuration.drawnAttributes(0..<100, seed: 2, others: 1) != rows)
    #expect(configuration.drawnAttributes(0..<100, seed: 1, others: 2) == rows.map { $0.map { 2 * $0 } })
    #expect(configuration.drawnAttributes(0..<4, seed: 1, others: 0) == nil)

    let hatted = try #require(configuration.drawnAttributes(0..<50, seed: 1, others: 1, telling: [(2, 3), (4, -1)]))
    #expect(hatted.allSatisfy { $0 == [-1, -1, 3, 0, -1] })
    // Anybody may have glasses, also who has none in training.
    let glasses = try #require(configuration.drawnAttributes(0..<100, seed: 1, others: 1, telling: [(4, 1)]))
    #expect(glasses.allSatisfy { $0[4] == 1 } && Set(glasses.map { $0.prefix(4) }) == Set(rows.map { $0.prefix(4) }))
    // No example is bald and curly: curls are told, and nobody is bald.
    let odd = try #require(configuration.drawnAttributes(0..<50, seed: 1, others: 1, telling: [(1, 1), (3, 1)]))
    #expect(odd.allSatisfy { $0[1] == 1 && $0[3] == 1 && $0[0] == -1 && $0[2] == -1 })

    let saved = try JSONEncoder().encode(#require(configuration as? GlowConfiguration))
    let read = try JSONDecoder().decode(GlowConfiguration.self, from: saved)
    #expect(read.attributeExamples == examples)
    var wrong = read
    wrong.examples![3] = "+-"
    #expect(throws: ModelError.self) { try wrong.validate() }
  }

  @Test func ofAModelWithoutAttributes() {
    var configuration: any FlowConfiguration = GlowConfiguration.standard
    configuration.learnAttributes(of: Heads())
    #expect(configuration.attributeExclusions.isEmpty && configuration.attributeExamples.isEmpty)
  }
}

import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

/// Models that are conditioned on attributes.
@Suite(.serialized) struct AttributeTests {
  private let variant = Variant.all.first { $0.testDescription == "attributes" }!

  @Test func whatIsSaidBecomesARow() throws {
    let configuration = variant.configuration
    #expect(try configuration.attributes(with: ["c"], without: ["A"]) == [-1, 0, 1])
    #expect(try configuration.attributes(with: []) == [0, 0, 0])
    let rows = try variant.model().attributeRows(count: 2, with: ["b"])
    try expectEqual(rows, Tensor([0, 1, 0, 0, 1, 0] as [Double], shape: [2, 3]), "rows")
    let strong = try variant.model().attributeRows(count: 1, strengths: [("a", 2.5), ("C", -3), ("c", -3)])
    try expectEqual(strong, Tensor([2.5, 0, -3] as [Double], shape: [1, 3]), "strengths")
  }

  @Test func whatMakesNoSense() throws {
    func message(_ body: () throws -> Void) throws -> String {
      "\(try #require(throws: ModelError.self) { try body() })"
    }
    let configuration = variant.configuration
    #expect(
      try message { _ = try configuration.attributes(with: ["d"]) } == "attribute d is none of the model's: a, b, c")
    #expect(
      try message { _ = try configuration.attributes(with: ["a", "b"], without: ["B"]) }
        == "attribute b is asked for and ruled out: say one of both")
    #expect(
      try message { _ = try configuration.attributes(strengths: [("a", 2), ("a", 3)]) }
        == "attribute a is said with the strengths 2 and 3: say one of both")
    for wrong in [11, -10.5, .infinity, .nan] {
      #expect(
        try message { _ = try configuration.attributes(strengths: [("a", wrong)]) }
          == "attribute a has the strength \(wrong.formatted()), expected -10 to 10")
    }
    #expect(
      try message { _ = try Variant.all[0].configuration.attributes(with: ["a"]) }
        == "attribute a is asked for, and the model is not conditioned on attributes")
    let model = try variant.model()
    let x = try variant.images(2)
    for rows in [try Tensor([0, 1]), try randomTensor([2, 2], seed: 1), try randomTensor([1, 3], seed: 1)] {
      #expect(
        try message { _ = try model.encode(x, labels: rows) }.hasPrefix(
          "the model is conditioned on attributes: it takes rows [2, 3] of floating-point numbers, got \(rows.shape)"))
    }
    #expect(try message { _ = try model.logProbabilityPerLabel(x) } == "the model has no labels")
  }

  /// Saying nothing is a condition like any other, and each attribute counts.
  @Test func saidAndUnsaid() throws {
    let model = try variant.model()
    let x = try variant.images(2)
    let nothing = try model.logProbability(x)
    try expectEqual(model.logProbability(x, labels: Tensor.zeros([2, 3], .float64)), nothing, "nothing said")
    for attribute in ["a", "b", "c"] {
      let said = try model.logProbability(x, labels: model.attributeRows(count: 2, with: [attribute]))
      #expect(try (said - nothing).magnitude().minimum().item() > 1e-6, "\(attribute)")
    }
    let latents = try model.encode(x)
    try expectEqual(model.decode(latents, conditions: nil), model.decode(latents), "decoded with nothing said")
  }

  /// An image is more likely with an attribute than without, or not; each attribute by itself.
  @Test func theMostLikely() throws {
    let model = try variant.model()
    let x = try variant.images(5)
    let found = try model.mostLikelyAttributes(x).elements(Double.self)
    for (place, name) in variant.configuration.attributeNames.enumerated() {
      let with = try model.logProbability(x, labels: model.attributeRows(count: 5, with: [name]))
      let without = try model.logProbability(x, labels: model.attributeRows(count: 5, with: [], without: [name]))
      for (image, pair) in zip(try with.elements(Double.self), try without.elements(Double.self)).enumerated() {
        #expect(found[image * 3 + place] == (pair.0 > pair.1 ? 1 : -1))
      }
    }
    #expect(throws: ModelError.self) { try Variant.all[0].model().mostLikelyAttributes(x) }
  }

  @Test func latentFilesHoldThem() throws {
    let model = try variant.model(.float32)
    let labels = try #require(try variant.labels(3)).converted(to: .float32)
    let latents = try model.encode(variant.images(3, .float32), labels: labels)
    let bytes = try LatentFile(latents: latents, labels: labels, model: model.roundedFingerprint()).bytes()
    let read = try LatentFile(bytes: bytes, for: model)
    try expectEqual(try #require(read.labels), labels, "attributes")
    // A file of latents that were encoded with nothing said holds none.
    #expect(try LatentFile(bytes: LatentFile(latents: latents, labels: nil).bytes(), for: model).labels == nil)
    for wrong in [try Tensor.zeros([3, 2]), try Tensor.full(1.5, [3, 3]), try Tensor.full(.nan, [3, 3])] {
      let bytes = try LatentFile(latents: latents, labels: wrong).bytes()
      let error = try #require(throws: ModelError.self) { try LatentFile(bytes: bytes, for: model) }
      #expect(
        "\(error)".hasSuffix(
          "tensor attributes is \(wrong.shape), expected [3, 3] of numbers from -1 to 1, one for each of the model's "
            + "attributes"))
    }
  }

  /// What no training image has at once is not told at once.
  @Test func whatExcludesEachOtherIsNotToldTogether() throws {
    var configuration = GlowConfiguration.standard
    try configuration.condition(onAttributes: ["hair", "bald", "hat", "beard", "gray"])
    let own: [Float] = [1, -1, -1, 1, -1]
    #expect(
      configuration.attributes(own, telling: [(2, 2)]) == [1, -1, 2, 1, -1], "nothing is known to exclude anything")
    configuration.attributeExclusions = [
      .init(attribute: "hair", absent: ["bald", "hat"], isChoice: true),
      .init(attribute: "hat", absent: ["hair", "bald"], unknown: ["gray"], isChoice: true),
      .init(attribute: "beard", absent: ["bald"]),
    ]
    #expect(configuration.attributes(own, telling: [(2, 2)]) == [-1, -1, 2, 1, 0])
    #expect(configuration.attributes(own, telling: [(2, 0.5)]) == [0, -1, 0.5, 1, -0.5])
    #expect(configuration.attributes(own, telling: [(2, 2)], way: 0.5) == [0, -1, 0.5, 1, -0.5])
    #expect(configuration.attributes(own, telling: [(2, 2)], way: 0) == own)
    #expect(
      configuration.attributes(own, telling: [(2, 2), (0, 1)]) == [1, -1, 2, 1, 0], "what is asked for comes first")
    // Taken away: where each image has one of them, nothing is said of the others.
    #expect(configuration.attributes(own, telling: [(0, -1)]) == [-1, 0, 0, 1, -1])
    #expect(configuration.attributes(own, telling: [(0, -0.5)]) == [-0.5, -0.5, -0.5, 1, -1])
    #expect(configuration.attributes(own, telling: [(3, -1)]) == [1, -1, -1, -1, -1])
    #expect(configuration.attributes(own, telling: [(2, -1)]) == own, "it was not there")
    #expect(
      configuration.impliedNames(by: [(2, 1), (3, 1)], in: own + [-1, 1, -1, -1, 0]) == ["hair", "bald", "gray"])
    #expect(configuration.impliedNames(by: [(2, 1)], in: [0, -1, 1, 0, 0]) == [])

    let saved = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(GlowConfiguration.self, from: saved) == configuration)
    try configuration.validate()
    configuration.attributeExclusions[0].absent = ["ears"]
    #expect(throws: ModelError.self) { try configuration.validate() }
    try configuration.condition(onAttributes: ["hair"])
    #expect(configuration.attributeExclusions.isEmpty)
  }

  @Test func aConfigurationTakesOneOrTheOther() throws {
    var configuration = GlowConfiguration.standard
    configuration.classNames = ["x", "y"]
    try configuration.condition(onAttributes: ["a", "b"])
    #expect(configuration.attributeNames == ["a", "b"] && configuration.classNames.isEmpty)
    #expect(configuration.labelConditioning == .everywhere && configuration.conditionCount == 2)
    try configuration.condition(onAttributes: [])
    #expect(configuration.attributes == nil && configuration.conditionCount == 0)
    configuration.classNames = ["x", "y"]
    configuration.classifier = true
    #expect(throws: ModelError.self) { try configuration.condition(onAttributes: ["a"]) }
    var other = RealNVPConfiguration.standard
    #expect(throws: ModelError.self) { try other.condition(onAttributes: ["a"]) }
  }
}

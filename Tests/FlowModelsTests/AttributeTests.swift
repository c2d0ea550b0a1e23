import FlowModels
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

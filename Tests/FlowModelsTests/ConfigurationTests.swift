import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

@Suite(.serialized) struct ConfigurationTests {
  private typealias Change = (inout GlowConfiguration) -> Void

  private func configuration(_ change: Change = { _ in }) -> GlowConfiguration {
    var configuration = GlowConfiguration(height: 32, width: 64, channels: 3, levels: 3, steps: 4, hidden: 8)
    change(&configuration)
    return configuration
  }

  @Test func messages() throws {
    let everyLevelHalves = "expected a multiple of 8, since each of the 3 levels halves it"
    let head = "classifier is true, expected false"
    let cases: [(Change, String)] = [
      ({ $0.levels = 0 }, "levels is 0, expected 1 to 16"), ({ $0.levels = 17 }, "levels is 17, expected 1 to 16"),
      ({ $0.levels = .max }, "levels is \(Int.max), expected 1 to 16"),
      ({ $0.steps = 0 }, "steps is 0, expected 1 to 4096"),
      ({ $0.steps = 5000 }, "steps is 5000, expected 1 to 4096"),
      ({ $0.hidden = -1 }, "hidden is -1, expected 1 to 65536"),
      ({ $0.hidden = 65537 }, "hidden is 65537, expected 1 to 65536"),
      ({ $0.channels = 0 }, "channels is 0, expected 1 to 4"), ({ $0.channels = 5 }, "channels is 5, expected 1 to 4"),
      ({ $0.bits = 0 }, "bits is 0, expected 1 to 8"), ({ $0.bits = 9 }, "bits is 9, expected 1 to 8"),
      ({ $0.height = 36 }, "height is 36, \(everyLevelHalves)"),
      ({ $0.height = 0 }, "height is 0, \(everyLevelHalves)"),
      ({ $0.height = 1 << 20 }, "height is 1048576, \(everyLevelHalves)"),
      ({ $0.width = -8 }, "width is -8, \(everyLevelHalves)"), ({ $0.width = 12 }, "width is 12, \(everyLevelHalves)"),
      ({ $0.minimumScale = 1 }, "minimumScale is 1.0, expected at least 0 and below 1"),
      ({ $0.minimumScale = -0.1 }, "minimumScale is -0.1, expected at least 0 and below 1"),
      ({ $0.minimumScale = .nan }, "minimumScale is nan, expected at least 0 and below 1"),
      ({ $0.logScaleFactor = 0 }, "logScaleFactor is 0.0, expected above 0, up to 100"),
      ({ $0.logScaleFactor = .infinity }, "logScaleFactor is inf, expected above 0, up to 100"),
      ({ $0.classifier = true }, "\(head) unless there are two labels or more"),
      (
        {
          $0.classifier = true
          $0.classNames = ["one"]
        }, "\(head) unless there are two labels or more"
      ),
      (
        {
          $0.classifier = true
          $0.classNames = ["a", "b"]
          $0.labelConditioning = .everywhere
        }, "\(head) where labelConditioning is everywhere: the head would be told the label"
      ),
      ({ $0.deviationLimit = -1 }, "deviationLimit is -1.0, expected 0 for no limit, or up to 100"),
      (
        {
          $0.deviationLimit = 2
          $0.priors = .diagonal
        }, "deviationLimit is 2.0, expected 0 where the priors are diagonal: nothing predicts them"
      ),
      ({ $0.attributes = [] }, "attributes is [], expected one name or more that differ, or none at all"),
      (
        { $0.attributes = ["a", "b", "a"] },
        "attributes is [\"a\", \"b\", \"a\"], expected one name or more that differ, or none at all"
      ),
      (
        {
          $0.attributes = ["a"]
          $0.classNames = ["b"]
        },
        "attributes is [\"a\"], expected none where there are labels: a model is conditioned on one or the other"
      ),
      (
        {
          $0.attributes = ["a"]
          $0.priors = .diagonal
        }, "attributes is [\"a\"], expected none where the priors are diagonal"
      ),
    ]
    for (change, message) in cases {
      let error = try #require(throws: ModelError.self, "\(message)") { try configuration(change).validate() }
      #expect(error.description == message)
      #expect(error.localizedDescription == message)
      #expect(throws: ModelError.self) { try Glow(configuration(change)) }
    }
    try configuration().validate()
  }

  @Test(arguments: Variant.all) func parametersAreCountedWithoutTheModel(variant: Variant) throws {
    #expect(variant.configuration.parameterCount == (try Glow(variant.configuration)).parameters.count)
  }

  @Test(arguments: Variant.all) func jsonRoundTrip(variant: Variant) throws {
    let data = try JSONEncoder().encode(variant.configuration)
    #expect(try JSONDecoder().decode(GlowConfiguration.self, from: data) == variant.configuration)
  }

  @Test func jsonNames() throws {
    let text = String(decoding: try JSONEncoder().encode(configuration()), as: UTF8.self)
    let parts = ["\"permutation\":\"conv1x1LU\"", "\"coupling\":\"affine\"", "\"scale\":\"sigmoid\"", "\"bits\":8"]
    for part in parts { #expect(text.contains(part), "\(part)") }
    let wrong = text.replacing("conv1x1LU", with: "conv2x2")
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(GlowConfiguration.self, from: Data(wrong.utf8)) }
  }

  @Test func shapes() {
    let configuration = configuration()
    #expect(configuration.dimensions == 32 * 64 * 3)
    #expect((1...3).map(configuration.latentShape) == [[16, 32, 6], [8, 16, 12], [4, 8, 48]])
    #expect(configuration.classCount == 0)
  }

  @Test(arguments: Variant.all) func aSeedGivesOneModel(variant: Variant) throws {
    let values = try Glow(variant.configuration, seed: 7).parameters.values.elements(Float.self)
    #expect(try Glow(variant.configuration, seed: 7).parameters.values.elements(Float.self) == values)
    #expect(try Glow(variant.configuration, seed: 8).parameters.values.elements(Float.self) != values)
    let glow = try Glow(variant.configuration, seed: 7)
    let names = glow.parameters.parameters.map(\.name) + glow.buffers.map(\.name)
    #expect(Set(names).count == names.count)
  }
}

import FlowModels
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct ConfigurationTests {
  @Test func warmUp() {
    let training = Small.training {
      $0.learningRate = 0.5
      $0.batchSize = 10
      $0.warmupImages = 40
    }
    #expect([0, 10, 20, 30, 40, 1000].map(training.learningRate(after:)) == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    let without = Small.training { $0.warmupImages = 0 }
    #expect(without.learningRate(after: 0) == without.learningRate)
  }

  @Test func cosine() {
    let training = Small.training {
      $0.learningRate = 2
      $0.warmupImages = 0
      $0.decay = .cosine
      $0.images = 600
    }
    let found = [0, 100, 200, 300, 600, 900].map(training.learningRate(after:))
    expectClose(found, [2, 1 + 3.0.squareRoot() / 2, 1.5, 1, 0, 0], within: 1e-12, "rates")
  }

  @Test func everyPresetIsValid() throws {
    for preset in Preset.all {
      try preset.training.validate()
      try preset.model.validate()
      if var labeled = preset.model as? GlowConfiguration, labeled.attributeNames.isEmpty {
        labeled.classNames = (0..<10).map(String.init)
        try labeled.validate()
      }
      #expect(Preset.named(preset.name)?.training == preset.training)
      #expect(!preset.summary.isEmpty)
    }
    #expect(Set(Preset.all.map(\.name)).count == Preset.all.count)
    #expect(Preset.named("nonsense") == nil)
  }

  @Test func configurationsSurviveJSON() throws {
    func copy<T: Codable>(_ value: T) throws -> T {
      try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
    }
    func survives(_ model: some FlowConfiguration) throws -> Bool { try copy(model) == model }
    for preset in Preset.all {
      #expect(try copy(preset.training) == preset.training)
      #expect(try survives(preset.model))
    }
    let sized = Small.training {
      ($0.height, $0.width, $0.channels, $0.seed) = (12, 16, 3, .max)
      $0.optimizer = .adam
      $0.decay = .cosine
    }
    #expect(try copy(sized) == sized)
  }

  /// Fields that were not there from the start.
  @Test func statesOfEarlierVersionsAreRead() throws {
    let encoded = try JSONEncoder().encode(Small.training { $0.weightDecay = 0.5 })
    var fields = try #require(JSONSerialization.jsonObject(with: encoded) as? [String: Any])
    for field in ["weightDecay", "precision"] { fields[field] = nil }
    let data = try JSONSerialization.data(withJSONObject: fields)
    let expected = Small.training { $0.precision = nil }
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: data) == expected)
  }

  /// A run that was begun before there were reduced scales goes on without.
  @Test func olderRunsDecodePicturesWhole() throws {
    #expect(TrainingConfiguration(data: "photos").reading.reducesJPEGs)
    var fields = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(Small.training())) as? [String: Any])
    #expect(fields.removeValue(forKey: "reducedDecoding") as? Bool == true)
    let data = try JSONSerialization.data(withJSONObject: fields)
    #expect(try !JSONDecoder().decode(TrainingConfiguration.self, from: data).reading.reducesJPEGs)
  }

  /// One field set to what it cannot be.
  struct Fault: Sendable, CustomTestStringConvertible {
    let field: String
    let change: @Sendable (inout TrainingConfiguration) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout TrainingConfiguration) -> Void) {
      self.field = field
      self.change = change
    }

    var testDescription: String { field }

    static let all = [
      Fault("images") { $0.images = 0 },
      Fault("batchSize") { $0.batchSize = 0 },
      Fault("pictureCache") { $0.pictureCache = -1 },
      Fault("pictureCacheDisk") { $0.pictureCacheDisk = -1 },
      Fault("learningRate") { $0.learningRate = .nan },
      Fault("beta1") { $0.beta1 = 1 },
      Fault("beta2") { $0.beta2 = -0.1 },
      Fault("epsilon") { $0.epsilon = 0 },
      Fault("warmupImages") { $0.warmupImages = -1 },
      Fault("averageImages") { $0.averageImages = -1 },
      Fault("gradientClip") { $0.gradientClip = .infinity },
      Fault("weightDecay") { $0.weightDecay = -1 },
      Fault("weightY") { $0.weightY = -1 },
      Fault("augmentation.shift") { $0.augmentation.shift = 1 },
      Fault("initializationImages") { $0.initializationImages = 0 },
      Fault("validateEvery") { $0.validateEvery = 0 }, Fault("width") { $0.height = 8 },
      Fault("height") { $0.width = 8 },
      Fault("validationImages") { $0.validationImages = 0 },
      Fault("checkpointEvery") { $0.checkpointEvery = 0 },
      Fault("height") { $0.height = -3 },
      Fault("width") { $0.width = 0 },
      Fault("channels") { $0.channels = 7 },
    ]
  }

  @Test(arguments: Fault.all) func aFieldThatMakesNoSenseIsNamed(fault: Fault) throws {
    let error = try #require(throws: ModelError.self) { try Small.training { fault.change(&$0) }.validate() }
    #expect("\(error)".hasPrefix("\(fault.field) is ") && "\(error)".contains(", expected "), "\(error)")
  }
}

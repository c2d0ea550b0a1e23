import FlowModels
import Runs
import Foundation
import TestSupport
import Testing

@testable import Training

/// Settings from files.
@Suite struct PresetFileTests {
  private static func read(_ text: String) throws -> Preset {
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "settings.json")
      try Data(text.utf8).write(to: file)
      return try Preset(contentsOf: file)
    }
  }

  /// What is left out is as in the family's first preset.
  @Test func partsOfAPreset() throws {
    let preset = try Self.read(
      """
      {"kind": "realnvp", "model": {"hidden": 5}, "training": {"images": 77, "augmentation": {"shift": 0.1}}}
      """)
    let first = Preset.first(of: RealNVPConfiguration.self)
    var model = try #require(first.model as? RealNVPConfiguration)
    model.hidden = 5
    var training = first.training
    (training.images, training.augmentation.shift) = (77, 0.1)
    #expect(preset.model as? RealNVPConfiguration == model)
    #expect(preset.training == training)
    #expect(preset.name == "settings.json")
  }

  @Test(arguments: [
    ("{}", "field kind is missing"), ("[1]", "wrong type"), ("{", "not valid JSON"),
    (#"{"kind": "glo"}"#, #"field kind is "glo", expected one of glow, realnvp"#),
    (#"{"kind": "glow", "modell": {}}"#, "there is no field modell, expected name,"),
    (#"{"kind": "glow", "model": {"hiden": 5}}"#, "there is no field model.hiden"),
    (#"{"kind": "glow", "model": {"hidden": 0}}"#, "model.hidden is 0, expected"),
    (#"{"kind": "glow", "training": {"augmentation": {"shif": 1}}}"#, "there is no field training.augmentation.shif"),
    (#"{"kind": "glow", "training": {"images": "many"}}"#, "field training.images has the wrong type"),
    (#"{"kind": "glow", "training": {"batchSize": -1}}"#, "training.batchSize is -1, expected"),
    (#"{"format": "other"}"#, "is missing"),
  ])
  func wrongFiles(_ text: String, _ sentence: String) throws {
    let error = try #require(throws: (any Error).self) { try Self.read(text) }
    #expect("\(error)".contains(sentence), "\(error)")
  }

  @Test func noFile() {
    let error = #expect(throws: TrainingError.self) { try Preset(contentsOf: URL(filePath: "/none/such.json")) }
    #expect(error?.description == "/none/such.json: there is no such file")
  }
}

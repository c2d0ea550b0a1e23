import Foundation
import Testing

@testable import Training

@Suite struct FacePresetTests {
  /// The presets of faces name the attributes as what draws them does.
  @Test func facesAreToldWhatIsDrawn() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let parts = try String(contentsOf: root.appending(path: "Scripts/faces_parts.py"), encoding: .utf8)
    for preset in [Preset.faces, .faces32] {
      #expect(Set(preset.model.attributeNames).count == 29 && preset.model.bits == 5)
      for name in preset.model.attributeNames { #expect(parts.contains("\"\(name)\""), "\(name)") }
      #expect(!preset.needsFolder && preset.training.data == ".data/faces-\(preset.model.height)")
    }
  }
}

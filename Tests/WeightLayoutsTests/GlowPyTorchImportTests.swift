import WeightLayouts
import FlowModels
import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

/// Weights in the layout of glow-pytorch, with a computation from its definitions in PyTorch.
@Suite(.serialized) struct GlowPyTorchImportTests {
  private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "FlowModelsTests/Fixtures")

  private func expected(_ name: String, _ tensor: String) throws -> Tensor {
    let file = try SafetensorsFile(contentsOf: fixtures.appending(path: "glow-pytorch-\(name)-expected.safetensors"))
    return try file.tensor(tensor).converted(to: .float64)
  }

  private func model(_ url: URL, _ dtype: DType = .float64) throws -> Glow {
    try WeightLayout.named("glow-pytorch").read(url, size: (8, 12), options: TensorOptions(dtype))
  }

  private func file(_ name: String) -> URL { fixtures.appending(path: "glow-pytorch-\(name).safetensors") }

  @Test(arguments: ["affine", "additive"], [DType.float64, .float32])
  func logLikelihood(name: String, dtype: DType) throws {
    let model = try model(file(name), dtype)
    #expect(model.configuration.edgeChannel && model.configuration.coupling.rawValue == name)
    let x = try expected(name, "x").converted(to: dtype)
    try expectClose(
      model.logProbability(x).converted(to: .float64), expected(name, "logProbability"),
      within: dtype == .float64 ? 1e-12 : 1e-5, "log-likelihood")
    try expectClose(model.decode(model.encode(x)), x, within: dtype == .float64 ? 1e-11 : 1e-4, "there and back")
  }

  /// All but the top prior's weights, of which only the sum over the inputs matters.
  @Test(arguments: ["affine", "additive"], [DType.float64, .float32])
  func exportGivesTheFileBack(name: String, dtype: DType) throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "back.safetensors")
      let parallel = name == "affine" ? "yes" : "no"
      try WeightLayout.named("glow-pytorch").write(model(file(name), dtype), choosing: ["parallel": parallel], to: url)
      let (read, written) = (try SafetensorsFile(contentsOf: file(name)), try SafetensorsFile(contentsOf: url))
      #expect(Set(read.names) == Set(written.names))
      for name in read.names {
        var (a, b) = (try read.tensor(name).converted(to: .float64), try written.tensor(name).converted(to: .float64))
        #expect(a.shape == b.shape, "\(name)")
        if name.hasSuffix("blocks.1.prior.conv.weight") { (a, b) = (try a.sum([1]), try b.sum([1])) }
        try expectClose(b, a, within: dtype == .float64 ? 1e-14 : 1e-6, name)
      }
      let x = try expected(name, "x").converted(to: dtype)
      try expectClose(
        model(url, dtype).logProbability(x).converted(to: .float64), expected(name, "logProbability"),
        within: dtype == .float64 ? 1e-12 : 1e-5, "log-likelihood")
    }
  }

  /// An edge channel of one's own is not the sum of the others.
  @Test func aModelThatItCannotHold() throws {
    var configuration = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 1, steps: 1, hidden: 4)
    configuration.edgeChannel = true
    let model = try Glow(configuration, seed: 1)
    try model.parameters.values.addInPlace(randomTensor(model.parameters.values.shape, seed: 2).converted(to: .float32))
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "out.safetensors")
      let error = try #require(throws: ModelError.self) {
        try WeightLayout.named("glow-pytorch").write(model, to: url)
      }
      #expect("\(error)".contains("conv1.weight") && "\(error)".contains("are not 0"), "\(error)")
      #expect(!FileManager.default.fileExists(atPath: url.path))
    }
  }

  @Test func aScaleMustBePositive() throws {
    try withTemporaryFolder { folder in
      let file = try SafetensorsFile(contentsOf: file("additive"))
      let name = "blocks.0.flows.1.actnorm.scale"
      let items = try file.names.map {
        SafetensorsItem(name: $0, tensor: try $0 == name ? -file.tensor($0) : file.tensor($0))
      }
      let url = folder.appending(path: "negative.safetensors")
      try SafetensorsWriter.write(items, metadata: [:], to: url)
      let error = try #require(throws: ModelError.self) { try model(url) }
      #expect("\(error)".contains("tensor \(name) cannot be taken over") && "\(error)".contains("above 0"), "\(error)")
    }
  }
}

import WeightLayouts
import FlowModels
import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "FlowModelsTests/Fixtures")

/// Weights that normflows 1.7.3 saved, with what its own models say of them.
@Suite(.serialized) struct NormflowsImportTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var size: [Int]?
    var choices: [String: String] = [:]
    let check: @Sendable (GlowConfiguration) -> Bool

    var testDescription: String { name }
    var file: URL { fixtures.appending(path: "normflows-\(name).safetensors") }

    static let all = [
      Case(name: "glowbase", size: [8, 8]) {
        $0.levels == 2 && $0.steps == 2 && $0.hidden == 4 && $0.channels == 3 && $0.permutation == .conv1x1LU
          && $0.coupling == .affine && $0.scale == .sigmoid && $0.priors == .learned && $0.classCount == 0
      },
      Case(name: "labels", size: [8, 16]) {
        $0.levels == 3 && $0.channels == 1 && $0.permutation == .conv1x1 && $0.labelConditioning == .priors
          && $0.classNames == ["0", "1", "2"]
      },
      Case(name: "diagonal", choices: ["coupling": "exp"]) {
        $0.height == 8 && $0.width == 12 && $0.scale == .exponential && $0.priors == .diagonal && $0.classCount == 0
      },
      Case(name: "perlabel") {
        $0.height == 8 && $0.width == 8 && $0.coupling == .additive && $0.priors == .diagonal && $0.classCount == 3
      },
    ]

    func model(_ dtype: DType = .float64, from url: URL? = nil) throws -> Glow {
      try WeightLayout.named("normflows").read(
        url ?? file, size: size.map { ($0[0], $0[1]) }, choosing: choices, options: TensorOptions(dtype))
    }
  }

  private func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile(contentsOf: fixtures.appending(path: "normflows-import.safetensors")).tensor(name)
  }

  private func labels(_ model: Glow, _ name: String) throws -> Tensor? {
    model.configuration.classCount > 0 ? try expected(name + "/labels") : nil
  }

  @Test(arguments: Case.all) func shape(of normflows: Case) throws {
    #expect(normflows.check(try normflows.model().configuration))
  }

  @Test(arguments: Case.all, [DType.float64, .float32]) func logLikelihood(normflows: Case, dtype: DType) throws {
    let model = try normflows.model(dtype)
    let x = try expected(normflows.name + "/x").converted(to: dtype)
    try expectClose(
      model.logProbability(x, labels: labels(model, normflows.name)),
      expected(normflows.name + "/logProbability").converted(to: dtype), within: dtype == .float64 ? 1e-12 : 1e-5,
      "log-likelihood")
  }

  /// The images that normflows draws from the same standard normal numbers.
  @Test(arguments: Case.all) func samples(normflows: Case) throws {
    let model = try normflows.model()
    let latents = Latents(
      levels: try (1...model.configuration.levels).map {
        try expected("\(normflows.name)/level\($0).eps").converted(to: .float64)
      })
    let labels = try labels(model, normflows.name)
    let images = try model.decode(latents, labels: labels)
    try expectClose(images, expected(normflows.name + "/samples"), within: 1e-12, "samples")
    for (found, level) in zip(try model.encode(images, labels: labels).levels, latents.levels) {
      try expectClose(found, level, within: 1e-11, "latents")
    }
  }

  /// Tensor for tensor what was read.
  @Test(arguments: Case.all, [DType.float64, .float32]) func exportGivesTheFileBack(normflows: Case, dtype: DType)
    throws
  {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "back.safetensors")
      try WeightLayout.named("normflows").write(normflows.model(dtype), to: url)
      let (read, written) = (try SafetensorsFile(contentsOf: normflows.file), try SafetensorsFile(contentsOf: url))
      #expect(Set(read.names) == Set(written.names))
      for name in read.names {
        let (a, b) = (try read.tensor(name).converted(to: .float64), try written.tensor(name).converted(to: .float64))
        #expect(a.shape == b.shape, "\(name)")
        try expectClose(b, a, within: dtype == .float64 ? 1e-15 : 2e-7, name)
      }
    }
  }

  /// A model of normflows on pixels in 0 ..< 1, as its own examples have them.
  @Test func unitPixels() throws {
    var shifted = Case.all[0]
    shifted.choices = ["pixels": "unit"]
    let model = try shifted.model()
    let x = try expected("glowbase/x").converted(to: .float64)
    try expectClose(model.logProbability(x - 0.5), expected("glowbase/logProbability"), within: 1e-12, "shifted")
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "back.safetensors")
      try WeightLayout.named("normflows").write(model, choosing: ["pixels": "unit"], to: url)
      let again = try Case.all[0].model(from: url)
      try expectClose(again.logProbability(x), expected("glowbase/logProbability"), within: 1e-12, "back")
    }
  }

  /// Log-scales that normflows has no place for go into the weights before them.
  @Test(arguments: [true, false]) func exportFoldsLogScales(biases: Bool) throws {
    var configuration = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 2, steps: 2, hidden: 5)
    configuration.priors = .diagonal
    configuration.logScaleFactor = 3
    let model = try Glow(configuration, options: TensorOptions(.float64), seed: 1)
    try model.parameters.values.addInPlace(randomTensor(model.parameters.values.shape, seed: 2, scale: 0.1))
    try withTemporaryFolder { folder in
      let (layout, url) = (try WeightLayout.named("normflows"), folder.appending(path: "theirs.safetensors"))
      try layout.write(model, choosing: biases ? ["conditioner": "biases"] : [:], to: url)
      let names = try SafetensorsFile(contentsOf: url).names
      #expect(names.contains("flows.0.0.flows.0.flows.1.param_map.net.0.bias") == biases)
      let again = try layout.read(url, options: TensorOptions(.float64))
      let x = try randomImages([2, 8, 8, 1], seed: 3, .float64)
      try expectClose(again.logProbability(x), model.logProbability(x), within: 1e-12, "log-likelihood")
    }
  }
}

/// Weights and layouts that do not go together.
@Suite(.serialized) struct WeightLayoutErrorTests {
  private let weights = fixtures.appending(path: "normflows-glowbase.safetensors")

  private func expectError(
    _ words: [String], sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch {
      for word in words { #expect("\(error)".contains(word), "\(error)", sourceLocation: sourceLocation) }
    }
  }

  private func read(_ url: URL, choosing choices: [String: String] = [:]) throws {
    _ = try WeightLayout.named("normflows").read(url, size: (8, 8), choosing: choices)
  }

  /// The fixture with some of its tensors changed.
  private func expectError(
    _ words: String..., of change: (inout [String: Tensor]) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try withTemporaryFolder { folder in
      let file = try SafetensorsFile(contentsOf: weights)
      var tensors = Dictionary(uniqueKeysWithValues: try file.names.map { ($0, try file.tensor($0)) })
      try change(&tensors)
      let url = folder.appending(path: "changed.safetensors")
      try SafetensorsWriter.write(
        tensors.map { SafetensorsItem(name: $0, tensor: $1) }, metadata: [:], to: url)
      expectError(words + [url.path], sourceLocation: sourceLocation) { try read(url) }
    }
  }

  @Test func missingTensors() throws {
    let name = "flows.1.0.flows.0.flows.1.param_map.net.6.bias"
    try expectError("tensor \(name) is missing", "shape [12]") { $0[name] = nil }
    try expectError("tensor q0.0.loc is missing", "no weights of layout normflows") {
      for name in $0.keys where name.hasPrefix("q0") { $0[name] = nil }
    }
    try expectError("none of the forms of permutation", "lu, plain") { $0["flows.0.0.flows.1.L"] = nil }
  }

  @Test func tensorsThatTheLayoutDoesNotKnow() throws {
    try expectError("tensor flows.0.0.flows.3.perm is not part of the layout") {
      $0["flows.0.0.flows.3.perm"] = try .zeros([4])
    }
  }

  @Test func shapes() throws {
    try expectError("tensor flows.0.1.flows.2.t has shape [1, 23, 1, 1]", "expects [1, 24, 1, 1]") {
      $0["flows.0.1.flows.2.t"] = try .zeros([1, 23, 1, 1])
    }
    // A plain matrix in one step of an LU model.
    try expectError("tensor flows.1.1.flows.1.L is missing") {
      for part in ["L", "U", "P", "log_S", "sign_S", "eye"] { $0["flows.1.1.flows.1.\(part)"] = nil }
      $0["flows.1.1.flows.1.W"] = try .identity(12)
    }
  }

  @Test func values() throws {
    try expectError("tensor flows.0.0.flows.2.data_dep_init_done is other than 1") {
      $0["flows.0.0.flows.2.data_dep_init_done"] = try .zeros([])
    }
    try expectError("tensor flows.1.0.flows.1.P cannot be taken over", "no permutation matrix") {
      $0["flows.1.0.flows.1.P"] = try .ones([12, 12])
    }
    try expectError("tensor flows.1.0.flows.1.eye is other than a matrix of the kind identity") {
      $0["flows.1.0.flows.1.eye"] = try .zeros([12, 12])
    }
    try expectError("tensor q0.1.loc holds a value that is not finite") {
      $0["q0.1.loc"] = try .full(.nan, [1, 6, 1, 1])
    }
  }

  @Test func requests() throws {
    expectError(["no layout \"caffe\"", "normflows"]) { _ = try WeightLayout.named("caffe") }
    expectError(["no choice \"color\"", "permutation, conditioner, coupling"]) {
      try read(weights, choosing: ["color": "red"])
    }
    expectError(["no coupling \"cubic\"", "sigmoid, exp, additive"]) {
      try read(weights, choosing: ["coupling": "cubic"])
    }
    expectError([weights.path, "height", "--size"]) { _ = try WeightLayout.named("normflows").read(weights) }
    expectError([weights.path, "0 labels, 2 names"]) {
      _ = try WeightLayout.named("normflows").read(weights, size: (8, 8), classNames: ["a", "b"])
    }
    expectError([weights.path, "height is 10", "multiple of 4"]) {
      _ = try WeightLayout.named("normflows").read(weights, size: (10, 8))
    }
    expectError(["width 12", "asked for is 8"]) {
      _ = try WeightLayout.named("normflows")
        .read(fixtures.appending(path: "normflows-diagonal.safetensors"), size: (8, 8))
    }
  }

  @Test func modelsThatTheLayoutCannotHold() throws {
    func expectRefusal(_ words: String..., of change: (inout GlowConfiguration) -> Void) throws {
      var configuration = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 2, steps: 1, hidden: 4)
      change(&configuration)
      let model = try Glow(configuration, seed: 1)
      try model.parameters.values.addInPlace(
        randomTensor(model.parameters.values.shape, seed: 2).converted(to: .float32))
      try withTemporaryFolder { folder in
        let url = folder.appending(path: "out.safetensors")
        expectError(words) { try WeightLayout.named("normflows").write(model, to: url) }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left.isEmpty)
      }
    }
    try expectRefusal("tensor level1.split.prior.weight", "not 0 everywhere") { _ in }
    try expectRefusal("edgeChannel is true", "needs false") { $0.edgeChannel = true }
    try expectRefusal("permutation", "permutation is reverse") { $0.permutation = .reverse }
    try expectRefusal("scale is bounded") { $0.scale = .bounded }
    try expectRefusal("labelConditioning is everywhere") {
      $0.classNames = ["a", "b"]
      $0.labelConditioning = .everywhere
      $0.priors = .diagonal
    }
    try expectRefusal("prior.labelEmbedding") {
      $0.levels = 1
      $0.classNames = ["a", "b"]
    }
  }

  /// The layout's file with a piece of its text replaced.
  @Test(arguments: [
    (
      #""negate", {"squeeze""#, #""invert", {"squeeze""#,
      ["tensors[0].operations[0]", "no operation \"invert\"", "negate"]
    ),
    (#"{"permute": [2, 3, 1, 0]}"#, #"{"transpose": [2, 3, 1, 0]}"#, ["operations[0]", "no operation \"transpose\""]),
    (#"{"permute": [2, 3, 1, 0]}"#, #""permute""#, ["operations[0]", "permute takes a value"]),
    (#"{"permute": [2, 3, 1, 0]}"#, #"{"permute": [2, 3, 1]}"#, ["conv1.weight does not fit", "[2, 3, 1]"]),
    (#""operations""#, #""opertions""#, ["tensors[0].opertions", "no such field"]),
    (#""layout": 1"#, #""layout": 2"#, ["layout is 2", "reads 1"]),
    (#""layout": 1,"#, #""#, ["field layout is missing"]),
    ("{levels-level}", "{depth-level}", ["depth", "stands for nothing"]),
    (#""edgeChannel": false"#, #""edges": false"#, ["model.edges is no field"]),
    (#""constant": 1"#, #""constant": "one""#, ["tensors[2].constant", "identity"]),
    ("q0.{n}.loc", "q0.0.loc", ["sizes.levels.count", "a name with {n} in it"]),
    (#""hidden": {"#, #""width512": {"#, ["no size \"width512\"", "hidden"]),
    (
      #""ours": "level{level}.step{step}.actnorm.bias""#, #""ours": "level{level}.step{step}.norm.bias""#, ["norm.bias"]
    ),
    ("}", "", ["not valid JSON"]),
  ]) func damagedLayouts(text: String, replacement: String, words: [String]) throws {
    try withLayout(replacing: text, with: replacement) { url in
      expectError(words + [url.path]) {
        _ = try WeightLayout.named(url.path).read(weights, size: (8, 8))
      }
    }
  }

  @Test func aConstantBeyondAnInteger() throws {
    try withLayout(replacing: #""constant": 1"#, with: #""constant": 1e30"#) { url in
      expectError([weights.path, "data_dep_init_done is other than 1e+30", "layout mine"]) {
        _ = try WeightLayout.named(url.path).read(weights, size: (8, 8))
      }
    }
  }

  private func withLayout(replacing text: String, with replacement: String, _ body: (URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let source = root.appending(path: "Sources/WeightLayouts/Layouts/normflows.json")
      let content = try String(contentsOf: source, encoding: .utf8)
      let range = try #require(content.range(of: text))
      let url = folder.appending(path: "mine.json")
      try content.replacingCharacters(in: range, with: replacement).write(to: url, atomically: true, encoding: .utf8)
      try body(url)
    }
  }
}

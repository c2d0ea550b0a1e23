import WeightLayouts
import FlowModels
import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

/// The layouts y0ast and chaiyujin, which number their layers in one list, with what PyTorch modules of the same names say.
@Suite(.serialized) struct ListedLayoutTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Case: Sendable, CustomTestStringConvertible {
    let layout: String
    let form: String
    var testDescription: String { "\(layout) \(form)" }
    var name: String { "\(layout)-\(form)" }

    var file: URL { root.appending(path: "Tests/FlowModelsTests/Fixtures/\(name).safetensors") }

    static let all = ["y0ast", "chaiyujin"].flatMap { layout in
      ["lu", "plain"].map { Case(layout: layout, form: $0) }
    }

    func expected(_ tensor: String) throws -> Tensor {
      let url = root.appending(path: "Tests/FlowModelsTests/Fixtures/\(name)-expected.safetensors")
      return try SafetensorsFile(contentsOf: url).tensor(tensor).converted(to: .float64)
    }

    /// On pixels around 0, as the reference values are.
    func model(_ dtype: DType = .float64, from url: URL? = nil) throws -> Glow {
      try WeightLayout.named(layout).read(url ?? file, choosing: ["pixels": "centred"], options: TensorOptions(dtype))
    }
  }

  @Test(arguments: Case.all) func shape(of their: Case) throws {
    let found = try their.model().configuration
    let isLU = their.form == "lu"
    #expect(found.levels == (isLU ? 3 : 2) && found.steps == (isLU ? 2 : 1) && found.hidden == (isLU ? 5 : 4))
    #expect(found.permutation == (isLU ? .conv1x1LU : .conv1x1) && found.coupling == (isLU ? .affine : .additive))
    #expect(found.learnTop == isLU && !found.edgeChannel && found.deviationLimit == nil)
    // Read from prior_h.
    let size: [Int] = isLU ? [16, 8, 1] : [8, 12, 3]
    #expect([found.height, found.width, found.channels] == size)
  }

  @Test(arguments: Case.all, [DType.float64, .float32]) func logLikelihood(their: Case, dtype: DType) throws {
    let model = try their.model(dtype)
    let x = try their.expected("x").converted(to: dtype)
    try expectClose(
      model.logProbability(x).converted(to: .float64), their.expected("logProbability"),
      within: dtype == .float64 ? 1e-12 : 1e-5, "log-likelihood")
    try expectClose(model.decode(model.encode(x)), x, within: dtype == .float64 ? 1e-11 : 1e-4, "there and back")
  }

  /// All but the top prior's weights, which no image meets, and the batch that one of them stores zeros for.
  @Test(arguments: Case.all, [DType.float64, .float32]) func exportGivesTheFileBack(their: Case, dtype: DType) throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "back.safetensors")
      try WeightLayout.named(their.layout).write(their.model(dtype), choosing: ["pixels": "centred"], to: url)
      let (read, written) = (try SafetensorsFile(contentsOf: their.file), try SafetensorsFile(contentsOf: url))
      #expect(Set(read.names) == Set(written.names))
      for name in read.names {
        let (a, b) = (try read.tensor(name).converted(to: .float64), try written.tensor(name).converted(to: .float64))
        if name == "prior_h" {
          #expect(b.shape.dropFirst() == a.shape.dropFirst() && b.shape[0] == 1)
          continue
        }
        #expect(a.shape == b.shape, "\(name)")
        if name.hasPrefix("learn_top"), name.hasSuffix("weight") {
          #expect(try b.magnitude().maximum().item() == 0)
          continue
        }
        try expectClose(b, a, within: dtype == .float64 ? 1e-15 : 2e-7, name)
      }
      let x = try their.expected("x").converted(to: dtype)
      try expectClose(
        their.model(dtype, from: url).logProbability(x).converted(to: .float64), their.expected("logProbability"),
        within: dtype == .float64 ? 1e-12 : 1e-5, "log-likelihood")
    }
  }

  /// One of them takes pixels of 0 ..< 1, as its data sets give them.
  @Test func pixelsFromZero() throws {
    let their = Case(layout: "chaiyujin", form: "lu")
    let model = try WeightLayout.named("chaiyujin").read(their.file, options: TensorOptions(.float64))
    try expectClose(
      model.logProbability(their.expected("x") - 0.5), their.expected("logProbability"), within: 1e-12, "shifted")
  }

  /// What `glow train --scale sigmoid --minimum-scale 0 --no-edge-channel --deviation-limit 0 --labels none` makes.
  @Test(arguments: ["y0ast", "chaiyujin"], [GlowConfiguration.Permutation.conv1x1LU, .conv1x1])
  func aTrainedModelThereAndBack(layout: String, permutation: GlowConfiguration.Permutation) throws {
    var configuration = GlowConfiguration(height: 16, width: 16, channels: 3, levels: 3, steps: 2, hidden: 6)
    configuration.permutation = permutation
    configuration.logScaleFactor = 3
    let model = try Glow(configuration, options: TensorOptions(.float64), seed: 1)
    try model.parameters.values.addInPlace(randomTensor(model.parameters.values.shape, seed: 2, scale: 0.05))
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "theirs.safetensors")
      let layout = try WeightLayout.named(layout)
      try layout.write(model, to: url)
      let again = try layout.read(url, options: TensorOptions(.float64))
      let x = try randomImages([2, 16, 16, 3], seed: 3, .float64)
      try expectClose(again.logProbability(x), model.logProbability(x), within: 1e-11, "log-likelihood")
    }
  }

  @Test func whatTheyCannotHoldIsSaidAtOnce() throws {
    func expectRefusal(_ words: String..., of change: (inout GlowConfiguration) throws -> Void) throws {
      var configuration = GlowConfiguration(height: 8, width: 8, channels: 1, levels: 2, steps: 1, hidden: 4)
      try change(&configuration)
      let model = try Glow(configuration, seed: 1)
      try withTemporaryFolder { folder in
        let url = folder.appending(path: "out.safetensors")
        let error = try #require(throws: ModelError.self) { try WeightLayout.named("y0ast").write(model, to: url) }
        for word in words { #expect("\(error)".contains(word), "\(error)") }
        #expect(!FileManager.default.fileExists(atPath: url.path))
      }
    }
    try expectRefusal(
      "deviationLimit is 2", "needs none", "edgeChannel is true", "scale is bounded", "permutation is reverse",
      "minimumScale is 0.3", "labels, none: it has 2 labels"
    ) {
      ($0.edgeChannel, $0.scale, $0.deviationLimit, $0.permutation) = (true, .bounded, 2, .reverse)
      ($0.minimumScale, $0.classNames) = (0.3, ["a", "b"])
    }
    try expectRefusal("conditioned on attributes") { try $0.condition(onAttributes: ["a"]) }
  }

  /// The layout y0ast with a piece of its text replaced.
  private func expectError(
    replacing text: String, with replacement: String, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try withLayout(replacing: text, with: replacement) { layout in
      let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
        _ = try layout().read(Case.all[0].file)
      }
      for word in words {
        #expect(
          "\(error.map { "\($0)" } ?? "")".contains(word), "\(String(describing: error))",
          sourceLocation: sourceLocation)
      }
    }
  }

  private func withLayout(
    replacing text: String, with replacement: String, _ body: (() throws -> WeightLayout) throws -> Void
  ) throws {
    let source = Self.root.appending(path: "Sources/WeightLayouts/Layouts/y0ast.json")
    let content = try String(contentsOf: source, encoding: .utf8)
    let range = try #require(content.range(of: text))
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "mine.json")
      try content.replacingCharacters(in: range, with: replacement).write(to: url, atomically: true, encoding: .utf8)
      try body { try WeightLayout.named(url.path) }
    }
  }

  /// The last rule won in silence.
  @Test func twoRulesForOneTensor() throws {
    let (bias, scale) = ("level{level}.step{step}.actnorm.bias", "level{level}.step{step}.actnorm.logScale")
    try expectError(
      replacing: #""ours": "\#(scale)""#, with: #""ours": "\#(bias)""#,
      "two rules give our tensor level1.step1.actnorm.bias", "mine.json")
    try withLayout(replacing: #""ours": "\#(scale)""#, with: #""ours": "\#(bias)""#) { layout in
      try withTemporaryFolder { folder in
        let error = try #require(throws: ModelError.self) {
          try layout().write(Case.all[0].model(), to: folder.appending(path: "out.safetensors"))
        }
        // At export the tensor without a rule comes first, or the one with two.
        #expect("\(error)".contains("actnorm"), "\(error)")
      }
    }
  }

  @Test func damagedLayouts() throws {
    let product = "(level-1)*(steps+2)+step"
    try expectError(replacing: product, with: "(level-1)*(steps+2+step", "stands for nothing")
    try expectError(replacing: product, with: "(level-1)*(depth+2)+step", "the name depth")
    try expectError(replacing: product, with: String(repeating: "(", count: 40), "stands for nothing")
    try expectError(replacing: #""ignore": true"#, with: #""ignore": 1"#, "ignore")
    try expectError(replacing: #""ignore": true,"#, with: "", "learn_top_fn.conv.weight is other than 0")
    try expectError(
      replacing: #""shape": [1, "{2*levelChannels}""#, with: #""shape": [0, "{2*levelChannels}""#, "0 as a size")
    try expectError(
      replacing: #""shape": [1,"#, with: #""like": "prior.bias", "shape": [1,"#, "shape goes with a constant")
    try expectError(replacing: #"{"not": {"#, with: #"{"nor": {"#, "nor", "no such field")
  }

  /// A rule for the steps of one level, and one for all others' places.
  @Test func aRuleForOneLevel() throws {
    let rule = #"""
      {
            "ours": "level{level}.step{step}.actnorm.logScale",
            "theirs": "flow.layers.{(level-1)*(steps+2)+step}.actnorm.logs",
            "operations": [{"squeeze": [0, 2, 3]}]
          }
      """#
    let each = (1...3).map { level in
      rule.replacing(#""ours""#, with: #""level": \#(level), "ours""#)
    }.joined(separator: ", ")
    try withLayout(replacing: rule, with: each) { layout in
      let model = try layout().read(Case.all[0].file, options: TensorOptions(.float64))
      try expectClose(
        model.logProbability(Case.all[0].expected("x")), Case.all[0].expected("logProbability"), within: 1e-12,
        "log-likelihood")
    }
  }
}

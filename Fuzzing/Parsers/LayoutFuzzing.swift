import WeightLayouts
import FlowModels
import Foundation
import Torch

/// A weight layout, which reads weights that are whole.
struct LayoutFuzzing: FuzzedParser {
  static let name = "layout"
  private let (file, weights): (URL, URL)

  init(folder: URL) throws {
    (file, weights) = (folder.appending(path: "layout.json"), folder.appending(path: "weights.safetensors"))
    _ = try Self.writeWeights(to: weights)
  }

  func seeds() throws -> [[UInt8]] { [try Self.layout()] }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    _ = try WeightLayout(contentsOf: file).read(weights)
  }

  private static func model() throws -> Glow {
    var configuration = GlowConfiguration(height: 2, width: 2, channels: 1, levels: 1, steps: 3, hidden: 1)
    configuration.permutation = .reverse
    configuration.learnTop = false
    configuration.classNames = ["0", "1"]
    return try Glow(configuration)
  }

  private static func tensors() throws -> [(name: String, shape: [Int])] {
    let model = try model()
    let parameters = model.parameters.parameters.map { ($0.name, $0.value.shape) }
    return parameters + model.buffers.map { ($0.name, $0.value.shape) }
  }

  fileprivate static func writeWeights(to url: URL) throws -> [UInt8] {
    try url.afterWriting(
      [
        item("a", [4], filledWith: 1), item("b", [1, 4, 1, 1]),
        item("c", [2, 2]), item("d", [3]), item("e", [1]), item("f.0", [2]), item("f.1", [2]), item("f.2", [2]),
        item("f.3", [2]), item("g", [8]),
        item("h", [2, 4]),
      ] + tensors().map { item("their.\($0.name)", $0.shape) }, metadata: [:])
  }

  /// Tensors of ours that are four numbers.
  private static var fours: [String] {
    (1...3).flatMap { step in
      ["actnorm.bias", "actnorm.logScale", "coupling.conditioner.conv3.bias", "coupling.conditioner.conv3.logScale"]
        .map { "level1.step\(step).\($0)" }
    }
  }

  /// Each operation makes a tensor of its own; the others are as they are.
  fileprivate static func layout() throws -> [UInt8] {
    let operations: [(theirs: String, operations: String)] = [
      (
        "\"a\"",
        """
        "negate", {"multiply": 2}, {"add": 1}, "exponential", "logarithm", {"flip": [0]}, {"deinterleave": 0},
        {"swapHalves": 0}, {"negateHalf": {"axis": 0, "half": "first"}},
        {"timesExponential": {"tensor": "a", "factor": 0.5}}, {"unsqueeze": [0]}, {"permute": [1, 0]}, {"squeeze": [1]}
        """
      ),
      ("\"b\"", "{\"squeeze\": [0, 2, 3]}"),
      ("\"c\"", "{\"reshape\": {\"from\": [\"2\", \"{channels+1}\"], \"to\": [\"4\"]}}"),
      ("\"d\"", "{\"appendZeros\": 0}"), ("\"d\"", "{\"appendSum\": 0}"), ("\"e\"", "{\"repeat\": [0]}"),
      ("\"h\"", "{\"sum\": {\"axis\": 0, \"count\": \"2\"}}"),
    ]
    let fours = fours
    let made = Set(fours.prefix(operations.count + 3))
    let rules =
      zip(fours, operations).map {
        "{\"ours\": \"\($0)\", \"theirs\": \($1.theirs), \"operations\": [\($1.operations)]}"
      }
      + [
        "{\"ours\": \"\(fours[operations.count])\", \"theirs\": [\"f.0\", \"f.{(level+1)*1-1}\"], \"join\": 0}",
        "{\"ours\": [\"\(fours[operations.count + 1])\", \"\(fours[operations.count + 2])\"], \"theirs\": \"g\", \"cut\": 0}",
        "{\"theirs\": \"f.{step}\", \"level\": 1, \"ignore\": true, \"constant\": 0, \"shape\": [\"2\"]}",
      ]
      + (try tensors().map { name, _ in
        made.contains(name)
          ? "{\"theirs\": \"their.\(name)\", \"ignore\": true}"
          : "{\"ours\": \"\(name)\", \"theirs\": \"their.\(name)\"}"
      })
    return Array(
      """
      {"layout": 1, "summary": "s", "model": {"permutation": "reverse", "learnTop": false},
      "sizes": {"levels": 1, "steps": {"count": "f.{n+1}"}, "channels": {"tensor": "b", "axis": 1, "dividedBy": 4},
      "hidden": {"tensor": "e", "axis": 0, "doubled": "0"}, "height": 2, "width": 2,
      "classes": {"tensor": "their.prior.labelEmbedding", "axis": 0}},
      "tensors": [\(rules.joined(separator: ",\n"))],
      "choices": [{"name": "x", "options": [
      {"name": "y", "if": {"has": "none", "equal": [1, {"tensor": "e", "axis": 0}],
      "and": [{"not": {"has": "a"}}]}},
      {"name": "z", "labelled": true, "names": {"w": "v"}, "inputOffset": 0.5}]}]}
      """.utf8)
  }
}

/// Another program's weights; their layout is whole.
struct ForeignWeightsFuzzing: FuzzedParser {
  static let name = "foreign-weights"
  private let (weights, seed): (URL, URL)
  private let layout: WeightLayout

  init(folder: URL) throws {
    (weights, seed) = (folder.appending(path: "weights.safetensors"), folder.appending(path: "seed.safetensors"))
    let file = folder.appending(path: "layout.json")
    try file.write(LayoutFuzzing.layout())
    layout = try WeightLayout(contentsOf: file)
  }

  func seeds() throws -> [[UInt8]] { [try LayoutFuzzing.writeWeights(to: seed)] }

  func parse(_ bytes: [UInt8]) throws {
    try weights.write(bytes)
    _ = try layout.read(weights)
  }
}

import Files
import Flows
import Torch

/// What a model took from another one, which it begins as.
public struct TakenTensors: Sendable, CustomStringConvertible {
  /// Names of tensors that are as they were.
  public fileprivate(set) var taken: [String] = []
  /// Names of tensors of which the labels or attributes that both models know were taken, and how many of all these are.
  public fileprivate(set) var partly: [(name: String, taken: Int, count: Int)] = []
  /// Names of tensors that the other model lacks, or has for images of another size; they add nothing at the start.
  public fileprivate(set) var new: [String] = []
  /// Names of the other model's tensors that there is no place for.
  public fileprivate(set) var left: [String] = []

  /// A line, such as `120 of 122 tensors are taken; new: prior.labelEmbedding`.
  public var description: String {
    let count = taken.count + partly.count + new.count
    var parts = ["\(taken.count == count ? "all" : "\(taken.count) of") \(counted(count, "tensor")) are taken"]
    if !partly.isEmpty {
      let rows = partly.map { "\(Self.place($0.name)) (\($0.taken) of \($0.count) labels)" }
      parts.append("in part: " + Self.each(rows))
    }
    if !new.isEmpty { parts.append("new: " + Self.each(new.map(Self.place))) }
    if !left.isEmpty { parts.append("left out: " + Self.each(left.map(Self.place))) }
    return parts.joined(separator: "; ")
  }

  /// `level*.step*.…` for the tensors that all steps have.
  private static func place(_ name: String) -> String {
    name.replacing(#/(level|step)\d+/#) { "\($0.output.1)*" }
  }

  private static func each(_ names: [String]) -> String {
    names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
  }
}

extension FlowModel {
  /// Begins as another model of the same family and shape: what it was told of images, and their size, may differ.
  ///
  /// What an image's label or attribute adds is taken by its name. A new one adds nothing, so that the model gives images the
  /// likelihood that the other one gives them where nothing is said of them. Nothing is left to be set from data.
  ///
  /// ```swift
  /// let old = try ModelFolder.read(URL(filePath: "Models/photos"))
  /// var configuration = old.configuration
  /// (configuration.height, configuration.width) = (64, 64)
  /// let model = try configuration.makeModel(options: TensorOptions(), seed: 0)
  /// print(try model.take(from: old))
  /// ```
  /// - Throws: ``ModelError`` naming the field or the tensor that does not fit.
  @discardableResult
  public func take(from other: any FlowModel) throws -> TakenTensors {
    try requireShape(of: other.configuration)
    let sources = Dictionary(
      uniqueKeysWithValues: other.parameters.parameters.map { ($0.name, $0.value) }
        + other.buffers.map { ($0.name, $0.value) })
    let targets = parameters.parameters.map { ($0.name, $0.value) } + buffers.map { ($0.name, $0.value) }
    let rows = rows(in: other.configuration)
    var report = TakenTensors()
    for (name, target) in targets {
      let source = try sources[name]?.converted(to: target.dtype, on: target.device)
      if name.hasSuffix(".labelEmbedding") {
        let found = try takeRows(rows, of: source, into: target)
        if found == 0 {
          report.new.append(name)
        } else if found == rows.count {
          report.taken.append(name)
        } else {
          report.partly.append((name, found, rows.count))
        }
      } else if name.hasPrefix("classifier."),
        source?.shape != target.shape
          || configuration.classNames != other.configuration.classNames
      {
        report.new.append(name)
      } else if let source, source.shape == target.shape {
        try target.assign(source)
        report.taken.append(name)
      } else {
        throw ModelError.request(
          "tensor \(name) has shape \(source.map { "\($0.shape)" } ?? "none") in the model to begin with and \(target.shape) "
            + "in the one to train, which cannot take it")
      }
    }
    let known = Set(targets.map(\.0))
    report.left = other.parameters.parameters.map(\.name).filter { !known.contains($0) }
    return report
  }

  /// For each label or attribute its place in the other model; nil for one that it does not know.
  private func rows(in other: any FlowConfiguration) -> [Int?] {
    configuration.classNames.map { other.classNames.firstIndex(of: $0) }
      + configuration.attributeNames.map { other.attributeNames.firstIndex(of: $0) }
  }

  /// - Returns: how many rows were taken; the others are 0.
  private func takeRows(_ rows: [Int?], of source: Tensor?, into target: Tensor) throws -> Int {
    try target.assign(.zeros(target.shape, target.dtype, on: target.device))
    guard let source, source.rank == target.rank,
      zip(source.shape, target.shape).dropFirst().allSatisfy({ $0 == $1 || $0 == 1 })
    else { return 0 }
    let single = Array(target.shape.dropFirst())
    var count = 0
    for (place, row) in rows.enumerated() {
      guard let row else { continue }
      try target[place].assign(source[row].expanded(to: single))
      count += 1
    }
    return count
  }

  private func requireShape(of other: any FlowConfiguration) throws {
    let (own, kind) = (type(of: configuration), type(of: other))
    guard own == kind else {
      throw ModelError.request("a \(own.title) cannot begin as a \(kind.title): both must be of one family")
    }
    guard configuration.channels == other.channels else {
      throw ModelError.request(
        "the model to begin with takes images of \(counted(other.channels, "channel")), and these have "
          + "\(configuration.channels)")
    }
    let (ours, theirs) = (try ModelFolder.fields(of: configuration), try ModelFolder.fields(of: other))
    if let field = difference(ours, theirs, path: "") {
      throw ModelError.request("field \(field) is another than in the model to begin with")
    }
  }

  /// The first field of another value that a model keeps when it begins as another one.
  private func difference(_ own: JSONValue?, _ other: JSONValue?, path: String) -> String? {
    let free: Set<String> = [
      "height", "width", "classNames", "attributes", "exclusions", "examples", "labelConditioning", "classifier",
    ]
    guard case .object(let a)? = own, case .object(let b)? = other else { return own == other ? nil : path }
    return Set(a.keys).union(b.keys).subtracting(free).sorted().lazy
      .compactMap { self.difference(a[$0], b[$0], path: path.isEmpty ? $0 : "\(path).\($0)") }.first
  }
}

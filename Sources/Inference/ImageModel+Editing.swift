import Analysis
import FlowModels
import Imaging
import Torch

/// By the attribute's number.
typealias AttributeStrengths = [(attribute: Int, strength: Double)]

extension ImageModel {
  /// What is changed of pictures.
  ///
  /// ```swift
  /// let change = ImageModel.Change(by: ["smiling": 1, "beard": -0.5])
  /// ```
  public struct Change: Sendable, Hashable {
    /// By attribute: 1 moves a picture by the whole difference between images with and without it.
    public var strengths: [String: Double]
    /// Which direction of each attribute.
    public var kind: AttributeDirections.Kind
    /// Of a model that is told attributes: what it is told of the results, by the attribute's name: -1 without it, 1 with it, up to
    /// 10 of either to exaggerate. Where this is empty nothing is said of any.
    public var conditions: [String: Double]

    /// Changes nothing unless given.
    public init(
      by strengths: [String: Double] = [:], along kind: AttributeDirections.Kind = .mean,
      telling conditions: [String: Double] = [:]
    ) {
      (self.strengths, self.kind, self.conditions) = (strengths, kind, conditions)
    }

    /// Pictures stay as they are.
    public static let none = Change()
  }

  /// Pictures with some attributes changed.
  /// - Parameters:
  ///   - strengths: by attribute: 1 moves a picture by the whole difference between images with and without it;
  ///     no level of its latent becomes longer.
  ///   - kind: which direction of each attribute.
  ///   - labels: as of ``encode(_:labels:)``; not used where the directions were found under one label for all pictures,
  ///     which then is that of these, too.
  ///   - label: what the results are decoded under; nil for what the pictures are encoded under.
  ///   - conditions: of a model that is told attributes: what it is told of the results, by the attribute's name: -1
  ///     without it, 1 with it, up to 10 of either to exaggerate. The others are as `known` says, or as is most likely. Where
  ///     this is empty nothing is said of any.
  ///   - known: what is known of each picture's attributes, in the same way; nil for what is most likely.
  /// - Throws: ``InferenceError``, also for an attribute that the model has not.
  public nonisolated func edit(
    _ pictures: [PixelImage], by strengths: [String: Double], along kind: AttributeDirections.Kind = .mean,
    labels: [Int?]? = nil, as label: Int? = nil, telling conditions: [String: Double] = [:],
    known: [[String: Double]?]? = nil
  ) async throws -> Drawn {
    try await edit(
      pictures, byEach: [strengths], along: kind, labels: labels, as: label, telling: conditions, known: known)
  }

  /// Each picture changed in several ways, in one pass through the model.
  ///
  /// ```swift
  /// let model = try await ImageModel("runs/faces", findsAttributes: true)
  /// let row = try await model.edit([picture], byEach: [-1, 0, 1].map { ["smiling": $0] })
  /// ```
  /// - Parameters:
  ///   - strengths: one for each way; the others are as of ``edit(_:by:along:labels:as:telling:known:)``.
  /// - Returns: the first picture in each way, then the second, and so on.
  /// - Throws: ``InferenceError``, also for an attribute that the model has not.
  public nonisolated func edit(
    _ pictures: [PixelImage], byEach strengths: [[String: Double]], along kind: AttributeDirections.Kind = .mean,
    labels: [Int?]? = nil, as label: Int? = nil, telling conditions: [String: Double] = [:],
    known: [[String: Double]?]? = nil
  ) async throws -> Drawn {
    try check(labels, areAsManyAs: pictures)
    try check(label.map { [$0] }, "label")
    try check(strengths.count, "edits")
    let ways = try strengths.map { try edits(Change(by: $0, along: kind)) }
    guard known == nil || known!.count == pictures.count else {
      throw request("known", "has \(known!.count), expected one for each of the \(pictures.count) images")
    }
    let told = try told(Change(telling: conditions))
    var before = self.conditions(of: labels, count: pictures.count)
    if !conditions.isEmpty {
      before = try pictures.indices.map { index in try known?[index].map { .attributes(try row(of: $0, in: -1...1)) } }
    }
    let (fitted, asked) = (fitted(pictures), before)
    return try await admitting(pictures.count * (1 + ways.count)) { this in
      let (latents, own) = try await this.encoded(
        fitted, under: this.asked(asked, for: ways.first { !$0.isEmpty } ?? []))
      let edited = try fitted.indices.flatMap { number in
        let one = try latents.images(number..<number + 1)
        return try ways.map { try this.edited(one, $0, along: kind) }
      }
      let shown = own.flatMap { condition in
        Array(repeating: this.shown(condition, as: label, telling: told), count: ways.count)
      }
      return try await this.decoded(
        .concatenating(edited), conditions: this.rows(of: shown), from: "edits")
    }
  }

  private func shown(_ condition: Condition, as label: Int?, telling told: AttributeStrengths) -> Condition {
    if case .attributes(let row) = condition { return .attributes(configuration.attributes(row, telling: told)) }
    return label.map(Condition.label) ?? condition
  }

  /// What pictures are encoded under: where directions were found under one label for all, that.
  func asked(_ conditions: [Condition?], for edits: AttributeStrengths) -> [Condition?] {
    guard !edits.isEmpty, case .fixed(let label)? = directions?.labels else { return conditions }
    return conditions.map { _ in .label(label) }
  }

  func edited(_ latents: Latents, _ edits: AttributeStrengths, along kind: AttributeDirections.Kind) throws -> Latents {
    try edits.isEmpty ? latents : directions!.edited(latents, edits, along: kind)
  }

  /// The strengths by the attributes' numbers.
  nonisolated func edits(_ change: Change) throws -> AttributeStrengths {
    if let wrong = change.strengths.first(where: { !$0.value.isFinite }) {
      throw request("edits", "has \(wrong.value) for \(wrong.key), expected a finite number")
    }
    let edits = try change.strengths.map { name, strength in
      guard let number = description.attributes.firstIndex(where: { $0.name == name }) else {
        throw request(
          "edits",
          "names \(name), "
            + (description.attributes.isEmpty
              ? "but the model has no attributes: \(description.attributesProblem?.detail ?? "it has no file of them")"
              : "which is none of the model's attributes: \(description.attributes.map(\.name).joined(separator: ", "))")
        )
      }
      return (attribute: number, strength: strength)
    }.sorted { $0.attribute < $1.attribute }
    guard edits.isEmpty || description.directions.contains(change.kind) else {
      throw request(
        "direction", "is \(change.kind.rawValue), which the file of directions does not hold: fit them anew")
    }
    return edits
  }

  /// What the model is told, by the attributes' numbers.
  nonisolated func told(_ change: Change) throws -> AttributeStrengths {
    try row(of: change.conditions).enumerated().filter { $1 != 0 }.map { (attribute: $0, strength: Double($1)) }
  }
}

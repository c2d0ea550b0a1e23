import ArgumentParser
import FlowModels
import Torch

/// What is said of images to a model that is conditioned on attributes.
struct AttributeOptions: ParsableArguments {
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      """
      Attributes that the images have, of a model conditioned on them; repeat, or a list with commas. NAME=2 says one \
      more strongly than training did. Without it, none is said.
      """, valueName: "names"))
  var has: [String] = []
  @Option(
    name: .customLong("without"),
    help: ArgumentHelp("Attributes that they do not have. Without it, none is said.", valueName: "names"))
  var lacks: [String] = []

  var isEmpty: Bool { has.isEmpty && lacks.isEmpty }

  /// What is said of the images, `[attributes]`: above 0, below 0, or 0 where nothing is.
  func row(for model: any FlowConfiguration) throws -> [Float] {
    do {
      return try model.attributes(strengths: said(of: model).map { (model.attributeNames[$0.attribute], $0.strength) })
    } catch let error as ModelError { throw ValidationError("\(error)") }
  }

  /// What is said, in the order of the flags.
  func changes(for model: any FlowConfiguration) throws -> [AttributeChange] {
    _ = try row(for: model)
    return try said(of: model)
  }

  /// A name may hold a comma or a sign of equality itself.
  private func said(of model: any FlowConfiguration) throws -> [AttributeChange] {
    func isName(_ text: String) -> Bool { (try? model.attributeNumber(text)) != nil }
    func said(_ text: String, _ sign: Double, _ flag: String) throws -> AttributeChange {
      guard !isName(text), let equals = text.lastIndex(of: "="), isName(String(text[..<equals])) else {
        return (try model.attributeNumber(text), sign)
      }
      guard let strength = Double(text[text.index(after: equals)...]), strength > 0,
        AttributeStrength.range.contains(strength)
      else {
        throw ValidationError(
          "\(flag) \(text): the strength is no number above 0 and up to \(AttributeStrength.range.upperBound.formatted())"
        )
      }
      return (try model.attributeNumber(String(text[..<equals])), sign * strength)
    }
    return try [(has, 1.0, "--with"), (lacks, -1, "--without")].flatMap { texts, sign, flag in
      try texts.flatMap { text in
        try (isName(text) ? [text] : text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
          .map { try said($0, sign, flag) }
      }
    }
  }

  /// What is said of `count` images; nil where nothing is said, and for a model that has no attributes.
  /// - Throws: `ValidationError` where something is said to a model that has none.
  func rows(_ count: Int, for model: any FlowModel) throws -> Tensor? {
    let row = try row(for: model.configuration)
    guard !row.isEmpty, !isEmpty else { return nil }
    return try Tensor(row, shape: [1, row.count], on: model.options.device).repeated(count)
  }

  /// What is said of `count` samples: what is asked for, and of the others what images of the training have.
  /// - Parameter others: how strongly these; nil for the usual strength.
  /// - Throws: `ValidationError` also where others are asked for of a model that has no attributes, or no examples of them.
  func drawnRows(_ count: Int, others: Double?, seed: UInt64, for model: any FlowModel) throws -> Tensor? {
    guard !model.configuration.attributeNames.isEmpty else {
      guard others == nil else { throw ValidationError("--others: the model is not conditioned on attributes") }
      return try rows(count, for: model)
    }
    let drawn = try model.drawnAttributes(
      count: count, seed: seed, others: others ?? AttributeStrength.ofOthers, telling: changes(for: model.configuration)
    )
    guard drawn != nil || (others ?? 0) == 0 else {
      throw ValidationError("--others: the model keeps no attributes of training images; an earlier program trained it")
    }
    return try drawn ?? rows(count, for: model)
  }

  /// The conditions of images, `[count, attributes]`, with what is said in place of what was known; others as they are.
  func changing(_ rows: Tensor, for model: any FlowModel) throws -> Tensor {
    guard !isEmpty else { return rows }
    let changes = try changes(for: model.configuration)
    let width = rows.shape[1]
    let values = try rows.elements(Float.self)
    warn(ofImplied: changes, in: values, for: model.configuration)
    let changed = stride(from: 0, to: values.count, by: width).flatMap {
      model.configuration.attributes(Array(values[$0..<$0 + width]), telling: changes)
    }
    return try Tensor(changed, shape: rows.shape, on: rows.device).converted(to: rows.dtype)
  }
}

/// Says which attributes a model is told otherwise than before, though nobody named them.
func warn(ofImplied changes: [AttributeChange], in rows: [Float], for model: any FlowConfiguration) {
  let names = model.impliedNames(by: changes, in: rows)
  guard !names.isEmpty else { return }
  warn([
    "the model is told otherwise of these, too, since no training image has all of that at once: "
      + names.joined(separator: ", ")
  ])
}

extension Tensor {
  /// The condition of one image, `[1]` or `[1, attributes]`, for `count` images.
  func repeated(_ count: Int) throws -> Tensor { try expanded(to: [count] + shape.dropFirst()).contiguous() }
}

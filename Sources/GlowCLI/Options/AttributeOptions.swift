import ArgumentParser
import FlowModels
import Torch

/// What is said of images to a model that is conditioned on attributes.
struct AttributeOptions: ParsableArguments {
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "Attributes that the images have, of a model conditioned on them; repeat, or a list with commas.",
      valueName: "names"))
  var has: [String] = []
  @Option(
    name: .customLong("without"),
    help: ArgumentHelp("Attributes that they do not have; nothing is said of the others.", valueName: "names"))
  var lacks: [String] = []

  var isEmpty: Bool { has.isEmpty && lacks.isEmpty }

  /// What is said of the images, `[attributes]`: 1, -1, or 0 where nothing is.
  func row(for model: any FlowConfiguration) throws -> [Float] {
    do {
      return try model.attributes(with: names(has, of: model), without: names(lacks, of: model))
    } catch let error as ModelError { throw ValidationError("\(error)") }
  }

  /// What is said, in the order of the flags: 1 for an attribute that the images have, -1 for one that they do not have.
  func changes(for model: any FlowConfiguration) throws -> [(attribute: Int, strength: Double)] {
    _ = try row(for: model)
    return try [(has, 1.0), (lacks, -1)].flatMap { texts, strength in
      try names(texts, of: model).map { (try model.attributeNumber($0), strength) }
    }
  }

  /// What is said of `count` images; nil where nothing is said, and for a model that has no attributes.
  /// - Throws: `ValidationError` where something is said to a model that has none.
  func rows(_ count: Int, for model: any FlowModel) throws -> Tensor? {
    let row = try row(for: model.configuration)
    guard !row.isEmpty, !isEmpty else { return nil }
    return try Tensor(row, shape: [1, row.count], on: model.options.device).repeated(count)
  }

  /// The conditions of images, `[count, attributes]`, with what is said in place of what was known; others as they are.
  func changing(_ rows: Tensor, for model: any FlowModel) throws -> Tensor {
    guard !isEmpty else { return rows }
    let said = try row(for: model.configuration)
    let values = try rows.elements(Float.self).enumerated().map { place, value in
      said[place % said.count] == 0 ? value : said[place % said.count]
    }
    return try Tensor(values, shape: rows.shape, on: rows.device).converted(to: rows.dtype)
  }

  /// A name may hold a comma itself.
  private func names(_ texts: [String], of model: any FlowConfiguration) -> [String] {
    texts.flatMap { text in
      (try? model.attributeNumber(text)) != nil
        ? [text] : text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }
}

extension Tensor {
  /// The condition of one image, `[1]` or `[1, attributes]`, for `count` images.
  func repeated(_ count: Int) throws -> Tensor { try expanded(to: [count] + shape.dropFirst()).contiguous() }
}

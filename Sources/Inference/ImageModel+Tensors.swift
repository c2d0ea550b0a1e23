import ModelImages
import Analysis
import FlowModels
import Imaging
import Torch

/// Between pictures and what the model takes and gives.
extension ImageModel {
  /// - Parameters:
  ///   - pictures: of the model's size.
  ///   - noise: of each image's dequantization; nil for the centers of the cells.
  func tensor(of pictures: [PixelImage], noise: [Float]? = nil) throws -> Tensor {
    let pixels = try model.pixels(pictures.flatMap(\.pixels))
    let noise = try noise.map { try Tensor($0, shape: [1] + pixels.shape.dropFirst(), on: model.options.device) }
    return try model.images(of: pixels, noise: noise)
  }

  func pictures(of rows: Rows) throws -> [PixelImage] {
    try model.pictures(of: rows.tensors[0])
  }

  /// The pictures of latents.
  /// - Parameters:
  ///   - conditions: `[count, classes]`, of a conditional model.
  ///   - field: what is to blame for latents that have no picture; nil where they are the model's own.
  /// - Throws: ``InferenceError`` where a value is not a number: in a picture it would be black.
  func decoded(_ latents: Latents, conditions: Tensor?, from field: String? = nil) async throws -> [PixelImage] {
    let rows = try await run(.decode, Rows(latents.levels + [conditions].compactMap(\.self)))
    let values = rows.tensors[0]
    // What is not a number is not equal to itself.
    if let field, try values.equals(values).converted(to: .uint8).minimum().item() == 0 {
      throw request(field, "leads to values that are not numbers, expected one nearer to the model's own images")
    }
    return try pictures(of: rows)
  }

  func conditions(of labels: [Int]?) throws -> Tensor? {
    try labels.flatMap { try model.conditions(of: Tensor($0, on: model.options.device), count: $0.count) }
  }

  /// The latents of pictures of the model's size, and the labels that they were encoded under.
  /// - Parameter labels: one a picture; nil for that under which the picture is most likely.
  func encoded(_ pictures: [PixelImage], labels: [Int?]?) async throws -> (latents: Latents, labels: [Int]?) {
    let keys = pictures.enumerated().map { LatentCache.Key(pixels: $1.pixels, label: labels?[$0] ?? nil) }
    var entries = keys.map { cache[$0] }
    let missing = entries.indices.filter { entries[$0] == nil }
    if !missing.isEmpty {
      let x = try tensor(of: missing.map { pictures[$0] })
      let own = try await ownLabels(of: x, missing.map { keys[$0].label })
      let labelTensor = try own.map { try Tensor($0, on: model.options.device) }
      let latents = try await Latents(levels: run(.encode, Rows([x] + [labelTensor].compactMap(\.self))).tensors)
      for (row, index) in missing.enumerated() {
        let one = Latents(levels: try latents.images(row..<row + 1).levels.map { try $0.copy() })
        entries[index] = cache.insert(one, label: own?[row], for: keys[index])
      }
    }
    let found = entries.map { $0! }
    return (
      try .concatenating(found.map(\.latents)), description.labels.isEmpty ? nil : found.map { $0.label! }
    )
  }

  /// The labels of images, with those that are not known filled in; nil for a model without.
  private func ownLabels(of x: Tensor, _ known: [Int?]) async throws -> [Int]? {
    guard !description.labels.isEmpty else { return nil }
    let unknown = known.indices.filter { known[$0] == nil }
    var labels = known
    if !unknown.isEmpty {
      let images = try x.selecting(Tensor(unknown, on: x.device), alongDimension: 0)
      let likely = try await run(.label, Rows([images])).tensors[0].elements(Int.self)
      for (index, label) in zip(unknown, likely) { labels[index] = label }
    }
    return labels.map { $0! }
  }

  nonisolated func fitted(_ pictures: [PixelImage]) -> [PixelImage] { pictures.map { fitted($0).picture } }

  nonisolated func request(_ field: String, _ problem: String) -> InferenceError {
    .request(field: field, problem: problem)
  }

  nonisolated func check(_ count: Int, _ field: String) throws {
    guard count > 0 else { throw request(field, "has none, expected one or more") }
  }

  /// - Returns: one a level.
  nonisolated func perLevel(_ temperatures: [Double]) throws -> [Double] {
    let (given, levels) = (Temperatures(temperatures), description.levels)
    if let problem = given.problem { throw request("temperature", problem) }
    guard let perLevel = given.perLevel(levels) else {
      throw request("temperature", "has \(temperatures.count) values, expected 1 or one a level, \(levels)")
    }
    return perLevel
  }

  /// The labels of samples.
  /// - Parameter labels: taken in turn; nil or none for all of the model's.
  /// - Returns: one an image; nil for a model without labels.
  public nonisolated func labels(_ labels: [Int]?, count: Int) -> [Int]? {
    guard !description.labels.isEmpty else { return nil }
    let turn = labels.flatMap { $0.isEmpty ? nil : $0 } ?? Array(description.labels.indices)
    return (0..<count).map { turn[$0 % turn.count] }
  }

  nonisolated func check(_ labels: [Int?]?, _ field: String = "labels") throws {
    let known = description.labels.indices
    guard let wrong = labels?.compactMap(\.self).first(where: { !known.contains($0) }) else { return }
    throw request(
      field, known.isEmpty ? "are given, but the model has none" : "has \(wrong), expected 0 to \(known.count - 1)")
  }

  nonisolated func check(_ labels: [Int?]?, areAsManyAs pictures: [PixelImage]) throws {
    try check(pictures.count, "images")
    try check(labels)
    guard labels == nil || labels!.count == pictures.count else {
      throw request("labels", "has \(labels!.count), expected one for each of the \(pictures.count) images")
    }
  }
}

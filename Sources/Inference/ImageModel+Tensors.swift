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

  /// The pictures of latents.
  /// - Parameters:
  ///   - conditions: `[count, classes]`, of a conditional model.
  ///   - field: what is to blame for latents that have no picture; nil where they are the model's own.
  /// - Throws: ``InferenceError`` where a value is not a number: in a picture it would be black.
  func decoded(_ latents: Latents, conditions: Tensor?, from field: String? = nil) async throws -> Drawn {
    let values = try await run(.decode, Rows(latents.levels + [conditions].compactMap(\.self))).tensors[0]
    // What is not a number is not equal to itself.
    if let field, try values.equals(values).converted(to: .uint8).minimum().item() == 0 {
      throw request(field, "leads to values that are not numbers, expected one nearer to the model's own images")
    }
    let strayed = try model.strayed(values)
    return Drawn(pictures: try model.pictures(of: values), strayed: strayed.indices.filter { strayed[$0] })
  }

  /// Conditions as a model's passes take them; nil for a model that is told nothing.
  func labels(of conditions: [Condition]) throws -> Tensor? {
    let rows = conditions.flatMap { if case .attributes(let row) = $0 { row } else { [Float]() } }
    if !rows.isEmpty {
      return try Tensor(rows, shape: [conditions.count, rows.count / conditions.count], on: model.options.device)
    }
    let labels = conditions.compactMap(\.label)
    return labels.isEmpty ? nil : try Tensor(labels, on: model.options.device)
  }

  /// The same as rows that may be blended.
  func rows(of conditions: [Condition]) throws -> Tensor? {
    try model.conditions(of: labels(of: conditions), count: conditions.count)
  }

  /// The latents of pictures of the model's size, and what they were encoded under.
  /// - Parameter conditions: one a picture; nil for that under which the picture is most likely.
  func encoded(
    _ pictures: [PixelImage], under conditions: [Condition?]
  ) async throws -> (latents: Latents, conditions: [Condition]) {
    let keys = zip(pictures, conditions).map { LatentCache.Key(pixels: $0.pixels, condition: $1) }
    var entries = keys.map { cache[$0] }
    let missing = entries.indices.filter { entries[$0] == nil }
    if !missing.isEmpty {
      let x = try tensor(of: missing.map { pictures[$0] })
      let own = try await ownConditions(of: x, missing.map { keys[$0].condition })
      let told = try labels(of: own)
      let latents = try await Latents(levels: run(.encode, Rows([x] + [told].compactMap(\.self))).tensors)
      for (row, index) in missing.enumerated() {
        let one = Latents(levels: try latents.images(row..<row + 1).levels.map { try $0.copy() })
        entries[index] = cache.insert(one, under: own[row], for: keys[index])
      }
    }
    let found = entries.map { $0! }
    return (try .concatenating(found.map(\.latents)), found.map(\.condition))
  }

  /// What is known of images, and for the others what is most likely.
  func ownConditions(of x: Tensor, _ known: [Condition?]) async throws -> [Condition] {
    let unknown = known.indices.filter { known[$0] == nil }
    guard !unknown.isEmpty else { return known.map { $0! } }
    let images = Rows([try x.selecting(Tensor(unknown, on: x.device), alongDimension: 0)])
    let likely: [Condition]
    if description.conditions.isEmpty {
      likely = try await run(.label, images).tensors[0].elements(Int.self).map(Condition.label)
    } else {
      let (values, count) = (
        try await run(.attributes, images).tensors[0].elements(Float.self), description.conditions.count
      )
      likely = unknown.indices.map { .attributes(Array(values[$0 * count..<($0 + 1) * count])) }
    }
    var own = known
    for (index, condition) in zip(unknown, likely) { own[index] = condition }
    return own.map { $0! }
  }

  /// What the model is told of pictures of which a caller knows labels.
  /// - Parameter labels: one a picture, nil for that under which it is most likely.
  nonisolated func conditions(of labels: [Int?]?, count: Int) -> [Condition?] {
    guard !description.labels.isEmpty else { return Array(repeating: unsaid, count: count) }
    return (0..<count).map { index in labels?[index].map(Condition.label) }
  }

  /// Of a model without labels: nothing.
  private nonisolated var unsaid: Condition {
    description.conditions.isEmpty ? .none : .attributes(Array(repeating: 0, count: description.conditions.count))
  }

  /// What is said of an image's attributes, `[conditions]`, 0 where nothing is.
  /// - Parameters:
  ///   - said: by the attribute's name, below 0 where the image has it not.
  ///   - range: of what can be said: of images that are drawn more than is known of any.
  /// - Throws: ``InferenceError`` for a name that is none of the model's, and a number out of range.
  nonisolated func row(
    of said: [String: Double], in range: ClosedRange<Double> = AttributeStrength.range
  ) throws -> [Float] {
    var row = [Float](repeating: 0, count: description.conditions.count)
    for (name, value) in said.sorted(by: { $0.key < $1.key }) {
      guard let place = description.conditions.firstIndex(of: name) else {
        throw request(
          "conditions",
          "names \(name), "
            + (row.isEmpty
              ? "but the model is told no attributes"
              : "which is none of the attributes that the model is told: \(description.conditions.joined(separator: ", "))")
        )
      }
      guard range.contains(value) else {
        throw request(
          "conditions",
          "has \(value) for \(name), expected \(range.lowerBound.formatted()) to \(range.upperBound.formatted())")
      }
      row[place] = Float(value)
    }
    return row
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

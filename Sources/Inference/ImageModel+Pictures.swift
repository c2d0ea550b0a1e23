import Analysis
import Datasets
import Files
import FlowModels
import Imaging
import Safetensors
import Torch

extension ImageModel {
  /// The latents of pictures.
  /// - Parameter labels: of a conditional model, one a picture; nil for that under which the picture is most likely.
  /// - Returns: a safetensors file: `level1` (the finest), `level2`, ..., each `[count, height, width, channel]`, and in a
  ///   conditional model `labels`.
  /// - Throws: ``InferenceError``.
  public nonisolated func encode(_ pictures: [PixelImage], labels: [Int?]? = nil) async throws -> [UInt8] {
    try check(labels, areAsManyAs: pictures)
    let fitted = fitted(pictures)
    let conditions = conditions(of: labels, count: pictures.count)
    return try await admitting(pictures.count) { this in
      let (latents, own) = try await this.encoded(fitted, under: conditions)
      return try LatentFile(latents: latents, labels: this.labels(of: own), model: this.knownFingerprint()).bytes()
    }
  }

  /// The pictures of latents: the inverse of ``encode(_:labels:)``.
  /// - Parameters:
  ///   - latents: a safetensors file.
  ///   - most: of pictures.
  /// - Throws: ``InferenceError`` for more of them, or values that no image has (beyond a million); `ModelError` or
  ///   `SafetensorsError` for a file that is no such one, does not fit the model or is of another one.
  public nonisolated func decode(_ latents: [UInt8], atMost most: Int = .max) async throws -> Drawn {
    let count = try LatentFile.count(in: latents)
    guard count <= most else { throw request("latents", "are of \(counted(count, "image")), expected at most \(most)") }
    return try await admitting(count) { this in
      let file = try LatentFile(bytes: latents, for: this.model, fingerprint: this.knownFingerprint())
      for (number, level) in file.latents.levels.enumerated() {
        guard try level.isAllFinite(), try level.magnitude().maximum().item() <= Self.largestLatent else {
          throw this.request(
            "level\(number + 1)",
            "holds a value that is not finite or beyond \(Int(Self.largestLatent)), expected numbers as an image has them"
          )
        }
      }
      let conditions = try this.model.conditions(of: file.labels, count: count)
      return try await this.decoded(file.latents, conditions: conditions, from: "latents")
    }
  }

  /// Latents of the model's own images are standard normal; those of the strangest image are far below this.
  static let largestLatent = 1e6

  /// Pictures along a path through the latents of pictures.
  /// - Parameters:
  ///   - pictures: two or more.
  ///   - steps: for each two neighbors, both ends included.
  ///   - labels: as of ``encode(_:labels:)``.
  /// - Returns: `(pictures - 1) * (steps - 1) + 1`.
  /// - Throws: ``InferenceError``.
  public nonisolated func interpolate(
    _ pictures: [PixelImage], steps: Int = 9, along shape: LatentPath.Shape = .spherical, labels: [Int?]? = nil
  ) async throws -> Drawn {
    try check(labels, areAsManyAs: pictures)
    guard pictures.count > 1 else { throw request("images", "has 1, expected two or more") }
    guard steps > 1 else { throw request("steps", "is \(steps), expected 2 or more") }
    let segments = pictures.count - 1
    let positions = (0...segments * (steps - 1)).map { Double($0) / Double(steps - 1) }
    let fitted = fitted(pictures)
    let conditions = conditions(of: labels, count: pictures.count)
    return try await admitting(pictures.count + positions.count) { this in
      let (latents, own) = try await this.encoded(fitted, under: conditions)
      let path = LatentPath(through: latents, conditions: try this.rows(of: own), shape: shape)
      let points = try path.points(at: positions.map { min($0, Double(segments)) })
      return try await this.decoded(points.latents, conditions: points.conditions)
    }
  }

  /// Pictures between any number of pictures.
  /// - Parameters:
  ///   - weights: of each result, a row with a weight a picture, none below 0, not all 0; scaled to a sum of 1.
  ///   - shape: straight for the weighted mean of the latents; spherical to give it the weighted mean of their norms.
  ///   - labels: as of ``encode(_:labels:)``.
  /// - Throws: ``InferenceError``.
  public nonisolated func mix(
    _ pictures: [PixelImage], weights: [[Double]], along shape: LatentPath.Shape = .spherical, labels: [Int?]? = nil
  ) async throws -> Drawn {
    try check(labels, areAsManyAs: pictures)
    try check(weights.count, "weights")
    for row in weights {
      guard row.count == pictures.count, row.allSatisfy({ $0 >= 0 && $0.isFinite }), row.contains(where: { $0 > 0 }),
        row.reduce(0, +).isFinite
      else {
        throw request(
          "weights",
          "has the row \(row), expected \(pictures.count) numbers of 0 or more, one for each image, not all 0")
      }
    }
    let fitted = fitted(pictures)
    let conditions = conditions(of: labels, count: pictures.count)
    return try await admitting(pictures.count + weights.count) { this in
      let (latents, own) = try await this.encoded(fitted, under: conditions)
      let blend = LatentBlend(of: latents, conditions: try this.rows(of: own), shape: shape)
      let points = try blend.points(weights: weights)
      return try await this.decoded(points.latents, conditions: points.conditions)
    }
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
  ///     without it, 1 with it, up to 10 of either to exaggerate. The others are as `known` says, or as is most likely. Where this is empty nothing is said of
  ///     any.
  ///   - known: what is known of each picture's attributes, in the same way; nil for what is most likely.
  /// - Throws: ``InferenceError``, also for an attribute that the model has not.
  public nonisolated func edit(
    _ pictures: [PixelImage], by strengths: [String: Double], along kind: AttributeDirections.Kind = .mean,
    labels: [Int?]? = nil, as label: Int? = nil, telling conditions: [String: Double] = [:],
    known: [[String: Double]?]? = nil
  ) async throws -> Drawn {
    try check(labels, areAsManyAs: pictures)
    try check(label.map { [$0] }, "label")
    if let wrong = strengths.first(where: { !$0.value.isFinite }) {
      throw request("edits", "has \(wrong.value) for \(wrong.key), expected a finite number")
    }
    let edits = try strengths.map { name, strength in
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
    guard edits.isEmpty || description.directions.contains(kind) else {
      throw request("direction", "is \(kind.rawValue), which the file of directions does not hold: fit them anew")
    }
    guard known == nil || known!.count == pictures.count else {
      throw request("known", "has \(known!.count), expected one for each of the \(pictures.count) images")
    }
    let told = try row(of: conditions).enumerated().filter { $1 != 0 }.map { (attribute: $0, strength: Double($1)) }
    var before = self.conditions(of: labels, count: pictures.count)
    if !conditions.isEmpty {
      before = try pictures.indices.map { index in try known?[index].map { .attributes(try row(of: $0, in: -1...1)) } }
    }
    let (fitted, asked) = (fitted(pictures), before)
    return try await admitting(2 * pictures.count) { this in
      var asked = asked
      if !edits.isEmpty, case .fixed(let label)? = this.directions?.labels {
        asked = pictures.map { _ in .label(label) }
      }
      let (latents, own) = try await this.encoded(fitted, under: asked)
      let edited = try edits.isEmpty ? latents : this.directions!.edited(latents, edits, along: kind)
      let shown = own.map { condition in
        if case .attributes(let row) = condition {
          return Condition.attributes(this.configuration.attributes(row, telling: told))
        }
        return label.map(Condition.label) ?? condition
      }
      return try await this.decoded(edited, conditions: this.rows(of: shown), from: "edits")
    }
  }
}

import Analysis
import FlowModels
import Imaging
import Torch

extension ImageModel {
  /// Pictures along a path through the latents of pictures.
  /// - Parameters:
  ///   - pictures: two or more.
  ///   - steps: for each two neighbors, both ends included.
  ///   - labels: as of ``encode(_:labels:)``.
  ///   - change: is made in every picture of the path.
  /// - Returns: `(pictures - 1) * (steps - 1) + 1`.
  /// - Throws: ``InferenceError``.
  public nonisolated func interpolate(
    _ pictures: [PixelImage], steps: Int = 9, along shape: LatentPath.Shape = .spherical, labels: [Int?]? = nil,
    changing change: Change = .none
  ) async throws -> Drawn {
    try check(labels, areAsManyAs: pictures)
    guard pictures.count > 1 else { throw request("images", "has 1, expected two or more") }
    guard steps > 1 else { throw request("steps", "is \(steps), expected 2 or more") }
    let segments = pictures.count - 1
    let positions = (0...segments * (steps - 1)).map { min(Double($0) / Double(steps - 1), Double(segments)) }
    return try await blended(pictures, labels, changing: change, count: positions.count) { latents, conditions in
      try LatentPath(through: latents, conditions: conditions, shape: shape).points(at: positions)
    }
  }

  /// Pictures between any number of pictures.
  ///
  /// ```swift
  /// let model = try await ImageModel("runs/faces", findsAttributes: true)
  /// let other = try await model.sample()[0]
  /// let blend = try await model.mix([picture, other], weights: [[1, 1]], changing: .init(by: ["smiling": 1]))[0]
  /// ```
  /// - Parameters:
  ///   - weights: of each result, a row with a weight a picture, none below 0, not all 0; scaled to a sum of 1.
  ///   - shape: straight for the weighted mean of the latents; spherical to give it the weighted mean of their norms.
  ///   - labels: as of ``encode(_:labels:)``.
  ///   - change: is made in every mix.
  /// - Throws: ``InferenceError``.
  public nonisolated func mix(
    _ pictures: [PixelImage], weights: [[Double]], along shape: LatentPath.Shape = .spherical, labels: [Int?]? = nil,
    changing change: Change = .none
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
    return try await blended(pictures, labels, changing: change, count: weights.count) { latents, conditions in
      try LatentBlend(of: latents, conditions: conditions, shape: shape).points(weights: weights)
    }
  }

  private nonisolated func blended(
    _ pictures: [PixelImage], _ labels: [Int?]?, changing change: Change, count: Int,
    _ blend: @Sendable (Latents, Tensor?) throws -> (latents: Latents, conditions: Tensor?)
  ) async throws -> Drawn {
    let (edits, told) = (try edits(change), try told(change))
    let fitted = fitted(pictures)
    let conditions = conditions(of: labels, count: pictures.count)
    return try await admitting(pictures.count + count) { this in
      let (latents, own) = try await this.encoded(fitted, under: this.asked(conditions, for: edits))
      let points = try blend(latents, this.rows(of: own))
      let edited = try this.edited(points.latents, edits, along: change.kind)
      let shown = try points.conditions.map { try this.rows($0, telling: told) }
      return try await this.decoded(edited, conditions: shown, from: edits.isEmpty ? nil : "edits")
    }
  }

  /// Rows of what the model is told, with some of it said otherwise.
  private func rows(_ rows: Tensor, telling told: [AttributeStrengths.Element]) throws -> Tensor {
    guard !told.isEmpty else { return rows }
    let values = try rows.converted(to: .float32, on: .cpu).elements(Float.self)
    let width = description.conditions.count
    let conditions = stride(from: 0, to: values.count, by: width).map { start in
      Condition.attributes(configuration.attributes(Array(values[start..<start + width]), telling: told))
    }
    return try self.rows(of: conditions)!
  }
}

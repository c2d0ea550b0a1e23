import Torch

extension FlowModel {
  /// The condition of images of which some attributes are said, and nothing of the others, `[count, attributes]`.
  ///
  /// ```swift
  /// let rows = try glow.attributeRows(count: 16, with: ["smiling"], without: ["eyeglasses"])
  /// let images = try glow.sample(count: 16, temperature: 0.7, labels: rows, seed: 1)
  /// ```
  /// - Throws: ``ModelError`` for a name that is none of the model's attributes, or that stands on both sides.
  public func attributeRows(count: Int, with: [String], without: [String] = []) throws -> Tensor {
    try rows(configuration.attributes(with: with, without: without), count: count)
  }

  /// The condition of images of which attributes are said by strength, `[count, attributes]`.
  ///
  /// ```swift
  /// let rows = try glow.attributeRows(count: 16, strengths: [("smiling", 2), ("eyeglasses", -1)])
  /// ```
  /// - Throws: as ``FlowConfiguration/attributes(strengths:)``.
  public func attributeRows(count: Int, strengths: [(name: String, strength: Double)]) throws -> Tensor {
    try rows(configuration.attributes(strengths: strengths), count: count)
  }

  private func rows(_ row: [Float], count: Int) throws -> Tensor {
    try Tensor(row, shape: [1, row.count], on: options.device).converted(to: options.dtype)
      .expanded(to: [count, row.count]).contiguous()
  }

  /// The attributes that each image most likely has, `[batch, attributes]`: 1 where it is more likely with one than without,
  /// else -1; each by itself, with nothing said of the others. Two passes an attribute.
  /// - Parameter x: `[batch, height, width, channel]`.
  /// - Throws: ``ModelError`` for a model without attributes, or images that do not fit it.
  public func mostLikelyAttributes(_ x: Tensor) throws -> Tensor {
    let (count, names) = (x.shape[0], configuration.attributeNames)
    guard !names.isEmpty else { throw ModelError.request("the model is not conditioned on attributes") }
    let columns = try names.map { name in
      let with = try logProbability(x, labels: attributeRows(count: count, with: [name]))
      let without = try logProbability(x, labels: attributeRows(count: count, with: [], without: [name]))
      return try zip(with.elements(Double.self), without.elements(Double.self)).map { Float($0 > $1 ? 1 : -1) }
    }
    let rows = (0..<count).flatMap { image in columns.map { $0[image] } }
    return try Tensor(rows, shape: [count, names.count], on: x.device).converted(to: options.dtype)
  }
}

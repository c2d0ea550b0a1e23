import FlowModels
import Torch

extension Latents {
  /// All numbers of an image in a row, the first level first, `[count, dimensions]`.
  func rows() throws -> Tensor {
    try .concatenating(levels.map { try $0.reshaped([count, -1]) }, alongDimension: 1)
  }

  /// - Parameters:
  ///   - rows: `[count, dimensions]`, as ``rows()`` gives them.
  ///   - shapes: of each level's latent, `[height, width, channel]`.
  init(rows: Tensor, shapes: [[Int]]) throws {
    var start = 0
    var levels: [Tensor] = []
    for shape in shapes {
      let size = shape.reduce(1, *)
      levels.append(try rows.narrowed(1, start..<start + size).contiguous().reshaped([rows.shape[0]] + shape))
      start += size
    }
    self.init(levels: levels)
  }
}

extension FlowConfiguration {
  /// The shape of each level's latent, `[height, width, channel]`.
  var latentShapes: [[Int]] { (1...levels).map { latentShape(level: $0) } }
}

import FlowModels
import Torch

extension FlowModel {
  /// Images that share the coarse latents of one image and have new fine ones.
  /// - Parameters:
  ///   - latents: of one image.
  ///   - levels: how many levels are drawn anew, the finest first: 0 gives the image, all of them samples.
  ///   - temperatures: of the levels drawn anew, one a level of the model.
  ///   - labels: int64 `[count]`; a conditional model needs them.
  ///   - seed: variation i of an image depends on the seed and i alone, and not on `levels`: what is drawn anew in both
  ///     of two pictures is the same in both.
  /// - Returns: `[count, height, width, channel]`.
  public func variations(
    of latents: Latents, levels: Int, count: Int, temperatures: [Double], labels: Tensor? = nil, seed: UInt64 = 0,
    batchSize: Int = 64
  ) throws -> Tensor {
    precondition(latents.count == 1, "variations are of one image")
    precondition((0...configuration.levels).contains(levels), "the model has \(configuration.levels) levels")
    precondition(count > 0 && batchSize > 0, "there is at least one variation")
    let generator = try Generator(seed: seed)
    let parts = try stride(from: 0, to: count, by: batchSize).map { start in
      let range = start..<min(count, start + batchSize)
      var drawn = try noise(count: range.count, using: generator).scaled(by: temperatures)
      for level in levels..<configuration.levels {
        drawn.levels[level] = try latents.levels[level].expanded(to: drawn.levels[level].shape).contiguous()
      }
      return try decode(drawn, labels: labels?.narrowed(0, range))
    }
    return try .concatenating(parts, alongDimension: 0)
  }
}

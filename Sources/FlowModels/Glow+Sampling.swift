import Flows
import Torch

extension Glow {
  /// Images drawn from the model.
  ///
  /// Image i's latents depend on `seed` and i alone, not on `count` or `batchSize`.
  /// - Parameters:
  ///   - temperature: what every Gaussian's standard deviation, at every level, is multiplied by.
  ///   - labels: int64 `[count]`; a conditional model needs them.
  /// - Returns: `[count, height, width, channel]`, as ``Quantisation/quantise(_:)`` takes it.
  public func sample(
    count: Int, temperature: Double = 1, labels: Tensor? = nil, seed: UInt64 = 0, batchSize: Int = 64
  ) throws -> Tensor {
    precondition(count > 0 && batchSize > 0, "a sample has at least one image")
    let generator = try Generator(seed: seed)
    let parts = try stride(from: 0, to: count, by: batchSize).map { start in
      let range = start..<min(count, start + batchSize)
      let latents = try noise(count: range.count, temperature: temperature, using: generator)
      return try decode(latents, labels: labels?.narrowed(0, range))
    }
    return try .concatenating(parts, alongDimension: 0)
  }

  /// Standard normal latents of `count` images, times `temperature`, drawn image after image.
  public func noise(count: Int, temperature: Double = 1, using generator: Generator) throws -> Latents {
    let perImage = try (0..<count).map { _ in
      try (1...configuration.levels).map { level in
        try Tensor.normal([1] + configuration.latentShape(level: level), .float32, using: generator)
      }
    }
    return Latents(
      levels: try (0..<configuration.levels).map { level in
        let joined = try Tensor.concatenating(perImage.map { $0[level] }, alongDimension: 0)
        return try joined.converted(to: options.dtype, on: options.device) * temperature
      })
  }

  /// Images along the straight line between the latents of `first` and `second`, both ends included. (Glow, section 6.)
  ///
  /// In a conditional model each end is encoded under its own label, and between them the condition is a blend.
  /// - Parameters:
  ///   - first: `[1, height, width, channel]`, as is `second`.
  ///   - steps: images in the result, at least 2.
  ///   - labels: int64 `[2]`, of the two ends; a conditional model needs them.
  public func interpolate(_ first: Tensor, _ second: Tensor, steps: Int, labels: Tensor? = nil) throws -> Tensor {
    precondition(steps >= 2, "an interpolation has two ends")
    let ends = try encode(.concatenating([first, second], alongDimension: 0), labels: labels)
    let (a, b) = (try ends.images(0..<1), try ends.images(1..<2))
    let positions = (0..<steps).map { Double($0) / Double(steps - 1) }
    return try withInference {
      let rows = try oneHot(labels, count: 2)
      let blend = try rows.map { rows in
        let t = try Tensor(positions, shape: [steps, 1], on: options.device).converted(to: options.dtype)
        return try rows.narrowed(0, 0..<1) * (1 - t) + rows.narrowed(0, 1..<2) * t
      }
      let latents = try Latents.concatenating(positions.map { try a.interpolated(to: b, at: $0) })
      return try decode(latents, condition: blend)
    }
  }
}

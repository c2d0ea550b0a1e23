import Flows
import Torch

extension FlowModel {
  /// Images drawn from the model.
  ///
  /// Image i's latents depend on `seed` and i alone, not on `count` or `batchSize`.
  /// - Parameters:
  ///   - temperature: what every Gaussian's standard deviation, at every level, is multiplied by.
  ///   - labels: of each image, as of every pass (``FlowModel``).
  /// - Returns: `[count, height, width, channel]`, as ``Quantization/quantize(_:)`` takes it.
  public func sample(
    count: Int, temperature: Double = 1, labels: Tensor? = nil, seed: UInt64 = 0, batchSize: Int = 64
  ) throws -> Tensor {
    let temperatures = [Double](repeating: temperature, count: configuration.levels)
    return try sample(count: count, temperatures: temperatures, labels: labels, seed: seed, batchSize: batchSize)
  }

  /// As ``sample(count:temperature:labels:seed:batchSize:)``, with a temperature a level.
  /// - Parameter temperatures: of the first (finest) level first.
  public func sample(
    count: Int, temperatures: [Double], labels: Tensor? = nil, seed: UInt64 = 0, batchSize: Int = 64
  ) throws -> Tensor {
    precondition(count > 0 && batchSize > 0, "a sample has at least one image")
    let generator = try Generator(seed: seed)
    let parts = try stride(from: 0, to: count, by: batchSize).map { start in
      let range = start..<min(count, start + batchSize)
      let latents = try noise(count: range.count, using: generator).scaled(by: temperatures)
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
}

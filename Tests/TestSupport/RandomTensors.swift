import Torch

/// Normal numbers times `scale`. They are drawn in float64, so that another type gives the same ones, rounded.
public func randomTensor(
  _ shape: [Int], seed: UInt64, scale: Double = 1, _ dtype: DType = .float64
) throws -> Tensor {
  try (Tensor.normal(shape, .float64, using: Generator(seed: seed)) * scale).converted(to: dtype)
}

/// Images of uniform noise in -1/2 ..< 1/2, as models take them.
public func randomImages(_ shape: [Int], seed: UInt64, _ dtype: DType = .float64) throws -> Tensor {
  try (Tensor.uniform(shape, .float64, using: Generator(seed: seed)) - 0.5).converted(to: dtype)
}

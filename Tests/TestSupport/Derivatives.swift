import Torch

/// The Jacobian, `[outputs, inputs]`, of `map` at the one image `x`, by central differences, two images for each input: float64 only.
public func numericalJacobian(
  of map: (Tensor) throws -> Tensor, at x: Tensor, step: Double = 1e-5
) throws -> Tensor {
  let inputs = x.elementCount
  let offsets = try (Tensor.identity(inputs, .float64) * step).reshaped([inputs] + x.shape.dropFirst())
  let difference = try map(x + offsets) - map(x - offsets)
  return try (difference / (2 * step)).reshaped([inputs, -1]).transposed
}

/// The central difference of `loss` with respect to element `index` of `tensor`, which is changed in place and put
/// back: float64 only.
public func finiteDifference(
  of tensor: Tensor, at index: Int, step: Double = 1e-6, _ loss: () throws -> Double
) throws -> Double {
  let element = try tensor.reshaped([-1]).narrowed(0, index..<index + 1)
  let original = try element.copy()
  func value(movedBy offset: Double) throws -> Double {
    try element.assign(original + offset)
    return try loss()
  }
  let difference = try value(movedBy: step) - value(movedBy: -step)
  try element.assign(original)
  return difference / (2 * step)
}

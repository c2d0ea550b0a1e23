import Flows
import Torch

/// The gradients of a scalar by libtorch's autograd: with respect to `inputs`, which `loss` is handed back as leaves,
/// and to `parameters`, whose values are leaves while `loss` runs.
public func autogradGradients(
  of parameters: [Parameter], inputs: [Tensor], _ loss: ([Tensor]) throws -> Tensor
) throws -> (inputs: [Tensor], parameters: [Tensor]) {
  let own = parameters.map { ($0.value, $0.gradient) }
  defer {
    for (parameter, (value, gradient)) in zip(parameters, own) { parameter.move(to: value, gradient: gradient) }
  }
  return try withGradients {
    for parameter in parameters {
      parameter.move(to: try parameter.value.requiringGradient(), gradient: parameter.gradient)
    }
    let leaves = try inputs.map { try $0.requiringGradient() }
    let total = try loss(leaves)
    let sources = leaves + parameters.map(\.value)
    let found = try gradients(
      of: [total], with: [.ones([], total.dtype)], withRespectTo: sources)
    let all = try zip(found, sources).map { try $0 ?? .zeros($1.shape, $1.dtype) }
    return (Array(all.prefix(inputs.count)), Array(all.dropFirst(inputs.count)))
  }
}

/// The Jacobian, `[outputs, inputs]`, of `map` at the one image `x`, by autograd. `map` treats the images of a batch
/// independently: it is run once, on a copy of `x` for each output.
public func autogradJacobian(of map: (Tensor) throws -> Tensor, at x: Tensor) throws -> Tensor {
  let single = Array(x.shape.dropFirst())
  let outputs = try map(x).elementCount
  let leaf = try x.expanded(to: [outputs] + single).copy().requiringGradient()
  let y = try withGradients { try map(leaf) }
  let each = try Tensor.identity(outputs, y.dtype).reshaped(y.shape)
  let found = try gradients(of: [y], with: [each], withRespectTo: [leaf])
  return try found[0]!.reshaped([outputs, -1])
}

/// The same by central differences, two images for each input: float64 only.
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

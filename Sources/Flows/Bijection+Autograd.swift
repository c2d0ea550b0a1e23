import Torch

extension Bijection {
  /// By libtorch's autograd, unless a layer has a pass of its own: rebuilds the input by the inverse, and runs the forward pass
  /// again for autograd to follow, which has to be made of tensor operations. A pass of its own need not run the forward pass again.
  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let keptInput = invertsInOnePass ? nil : saved.tensors.first
    let x = try keptInput ?? inverse(y, under: context)
    let found = try autogradGradients(of: parameters, inputs: [x]) { leaves in
      let forward = try forward(leaves[0], under: context, keep: false)
      // Copies, as autograd follows nothing that was made in an inference.
      return try (forward.y * gradY.copy()).sum() + (forward.logDet * gradLogDet.copy()).sum()
    }
    for (parameter, gradient) in zip(parameters, found.parameters) { try parameter.gradient.addInPlace(gradient) }
    return (x, found.inputs[0])
  }
}

/// The gradients of a scalar by libtorch's autograd: with respect to `inputs`, which `loss` is handed back as leaves,
/// and to `parameters`, whose values are leaves while `loss` runs.
package func autogradGradients(
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
      of: [total], with: [.ones([], total.dtype, on: total.device)], withRespectTo: sources)
    let all = try zip(found, sources).map { try $0 ?? .zeros($1.shape, $1.dtype, on: $1.device) }
    return (Array(all.prefix(inputs.count)), Array(all.dropFirst(inputs.count)))
  }
}

/// The Jacobian, `[outputs, inputs]`, of `map` at the one image `x`, by autograd. `map` treats the images of a batch
/// independently: it is run once, on a copy of `x` for each output.
package func autogradJacobian(of map: (Tensor) throws -> Tensor, at x: Tensor) throws -> Tensor {
  let single = Array(x.shape.dropFirst())
  let outputs = try map(x).elementCount
  let leaf = try withGradients { try x.expanded(to: [outputs] + single).copy().requiringGradient() }
  let y = try withGradients { try map(leaf) }
  let each = try Tensor.identity(outputs, y.dtype, on: y.device).reshaped(y.shape)
  let found = try gradients(of: [y], with: [each], withRespectTo: [leaf])
  return try found[0]!.reshaped([outputs, -1])
}

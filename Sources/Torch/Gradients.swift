import CTorch

extension Tensor {
  /// A tensor that libtorch's autograd follows from here on: on the same memory, or a copy if `self` was made in
  /// ``withInference(_:)``. Call it in a scope with autograd.
  public func requiringGradient() throws -> Tensor { try made("requiringGradient", [self]) { ct_leaf(handle, $0) } }

  /// The same memory, cut off from the autograd graph.
  public func detached() throws -> Tensor { try made("detached", [self]) { ct_detach(handle, $0) } }
}

/// The gradients of `sum(output * cotangent)` over all pairs with respect to each of `inputs`; nil for an input on
/// which no output depends. Each cotangent has its output's shape.
///
/// ```swift
/// let x = try Tensor([1, 2, 3] as [Float]).requiringGradient()
/// let slope = try gradients(of: [x.squared()], with: [.ones([3])], withRespectTo: [x])[0]!
/// print(try slope.elements(Float.self))  // [2.0, 4.0, 6.0]
/// ```
public func gradients(
  of outputs: [Tensor], with cotangents: [Tensor], withRespectTo inputs: [Tensor]
) throws -> [Tensor?] {
  precondition(outputs.count == cotangents.count, "one cotangent for each output")
  var results = [ct_handle](repeating: ct_handle(), count: inputs.count)
  try check(
    "gradients", outputs + inputs,
    ct_gradients(
      outputs.map(\.handle), cotangents.map(\.handle), outputs.count, inputs.map(\.handle), inputs.count, &results))
  return results.map { $0.object == nil ? nil : Tensor(owning: $0) }
}

/// Runs `body` with autograd recording, also within ``withInference(_:)``.
public func withGradients<R>(_ body: () throws -> R) rethrows -> R {
  let scope = ct_begin_scope(false)
  defer { ct_end_scope(scope) }
  return try body()
}

/// Runs `body` without autograd's bookkeeping. What it makes cannot take part in a later gradient.
public func withInference<R>(_ body: () throws -> R) rethrows -> R {
  let scope = ct_begin_scope(true)
  defer { ct_end_scope(scope) }
  return try body()
}

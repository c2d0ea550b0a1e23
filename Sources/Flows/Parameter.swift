import CTorch
import Torch

/// A trained tensor and the gradient that backward passes add to.
public final class Parameter {
  /// The path in the model, such as `level1.step3.actnorm.bias`: the key in a checkpoint.
  public let name: String
  /// The numbers; in a ``ParameterVector`` a view of its memory.
  public private(set) var value: Tensor
  /// The derivative of the loss by each number of ``value``, in the same shape. Zero at first; every backward pass adds
  /// to it.
  public private(set) var gradient: Tensor
  /// Whether the last dimension counts what a linear map gives, and all others together what it is given: an optimizer may
  /// then treat it as the matrix of that map.
  public let isLinearMap: Bool

  /// Takes `value` as it is, on its own memory, with a gradient of zeros.
  public init(_ name: String, _ value: Tensor, isLinearMap: Bool = false) throws {
    self.name = name
    self.value = value
    self.isLinearMap = isLinearMap
    gradient = try Tensor.zeros(value.shape, value.dtype, on: value.device)
  }

  package func move(to value: Tensor, gradient: Tensor) {
    self.value = value
    self.gradient = gradient
  }
}

/// A tensor of the state that is not trained: fixed, or an average of what training saw.
public final class Buffer {
  /// The path in the model, such as `level1.step3.permutation.order`: the key in a checkpoint.
  public let name: String
  /// The numbers, which the layer that has the buffer changes in place.
  public private(set) var value: Tensor

  /// Takes `value` as it is, on its own memory.
  public init(_ name: String, _ value: Tensor) {
    self.name = name
    self.value = value
  }

  package func share(_ other: Buffer) { value = other.value }
}

/// All parameters of a model laid end to end in one vector, and their gradients in another, so that an optimizer, a
/// gradient norm or an average over time is a handful of operations whatever the number of layers.
public final class ParameterVector {
  /// In the order in which they lie in the vectors.
  public let parameters: [Parameter]
  /// `[count]`; every parameter's value is a view of it.
  public let values: Tensor
  /// `[count]`; every parameter's gradient is a view of it.
  public let gradients: Tensor
  /// Where each parameter begins in the vectors.
  private let starts: [ObjectIdentifier: Int]

  /// Moves `parameters`, which share a type and a device, into one vector. A parameter belongs to one vector only.
  public convenience init(_ parameters: [Parameter]) throws {
    precondition(!parameters.isEmpty, "a parameter vector needs parameters")
    let values = try Tensor.concatenating(parameters.map { try $0.value.reshaped([-1]) }, alongDimension: 0)
    try self.init(parameters, values)
  }

  /// Gives `parameters` the values of another model's, to the same memory, and gradients of their own.
  package convenience init(_ parameters: [Parameter], sharingValuesOf other: ParameterVector) throws {
    precondition(
      parameters.map(\.name) == other.parameters.map(\.name), "only models of one configuration share values")
    try self.init(parameters, other.values)
  }

  private init(_ parameters: [Parameter], _ values: Tensor) throws {
    self.parameters = parameters
    self.values = values
    gradients = try Tensor.zeros(values.shape, values.dtype, on: values.device)
    var starts: [ObjectIdentifier: Int] = [:]
    var start = 0
    for parameter in parameters {
      starts[ObjectIdentifier(parameter)] = start
      start += parameter.value.elementCount
    }
    self.starts = starts
    for (parameter, value, gradient) in zip3(parameters, try views(of: values), try views(of: gradients)) {
      parameter.move(to: value, gradient: gradient)
    }
  }

  /// How many numbers all parameters have.
  public var count: Int { values.elementCount }

  /// Turns "this layer's gradients are done" into the place in the vectors where its parameters begin, for backward passes
  /// that go through the layers from the last parameter to the first.
  public func reporting(to report: ((_ start: Int) throws -> Void)?) -> (any Bijection) throws -> Void {
    { layer in
      guard let report, let first = layer.parameters.first else { return }
      try report(self.starts[ObjectIdentifier(first)]!)
    }
  }

  /// Cuts a vector of the same length into views with the parameters' shapes, in their order.
  public func views(of vector: Tensor) throws -> [Tensor] {
    var start = 0
    return try parameters.map { parameter in
      let shape = parameter.value.shape
      let count = shape.reduce(1, *)
      defer { start += count }
      return try vector.narrowed(0, start..<start + count).reshaped(shape)
    }
  }

  /// Forgets what backward passes have added so far.
  public func zeroGradients() throws { try gradients.zeroInPlace() }

  /// Adds the gradients of other vectors of the same parameters, one vector after the other, and leaves zeros there.
  package func takeGradients(of others: [ParameterVector]) throws {
    let parts = others.map(\.gradients)
    try check("takeSums", [gradients] + parts, ct_take_sums(gradients.handle, parts.map(\.handle), parts.count))
  }

  /// The Euclidean norm of all gradients, a scalar on the device.
  public func gradientNorm() throws -> Tensor { try gradients.norm() }

  /// Runs `body` with `vector` in place of the values, and puts them back.
  public func withValues<R>(_ vector: Tensor, _ body: () throws -> R) throws -> R {
    let own = try values.copy()
    try values.assign(vector)
    do {
      let result = try body()
      try values.assign(own)
      return result
    } catch {
      try values.assign(own)
      throw error
    }
  }
}

private func zip3<A, B, C>(_ a: [A], _ b: [B], _ c: [C]) -> [(A, B, C)] {
  zip(a, zip(b, c)).map { ($0, $1.0, $1.1) }
}

extension Parameter {
  func floats() throws -> [Float] { try value.elements() }
  func logScales(times factor: Double) throws -> [Double] { try floats().map { Double($0) * factor } }
}

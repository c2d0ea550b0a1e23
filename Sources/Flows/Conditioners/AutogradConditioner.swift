import Torch

/// A conditioner of your own, written with tensor operations: its gradients come from libtorch's autograd.
///
/// The graph spans this one network and lives only while its backward pass runs.
public final class AutogradConditioner: Conditioner {
  /// `(input, parameter values in order, context) -> output`
  public typealias Network = (Tensor, [Tensor], Context) throws -> Tensor

  public let parameters: [Parameter]
  private let network: Network

  /// - Parameter conditionedNetwork: also takes the pass's context, such as labels.
  public init(parameters: [Parameter], conditionedNetwork: @escaping Network) {
    self.parameters = parameters
    network = conditionedNetwork
  }

  /// ```swift
  /// let weight = try Parameter("w", Tensor.normal([2, 4], .float32, using: generator))
  /// let conditioner = AutogradConditioner(parameters: [weight]) { x, values in try x.matmul(values[0]).tanh() }
  /// ```
  public convenience init(parameters: [Parameter], network: @escaping (Tensor, [Tensor]) throws -> Tensor) {
    self.init(parameters: parameters) { input, values, _ in try network(input, values) }
  }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try forward(x, under: context, keep: false).output
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    (try network(x, parameters.map(\.value), context), .nothing)
  }

  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor, under context: Context) throws -> Tensor {
    try withGradients {
      let input = try x.requiringGradient()
      let leaves = try parameters.map { try $0.value.requiringGradient() }
      let output = try network(input, leaves, context)
      let found = try gradients(of: [output], with: [gradOutput], withRespectTo: [input] + leaves)
      for (parameter, gradient) in zip(parameters, found.dropFirst()) {
        if let gradient { try parameter.gradient.addInPlace(gradient) }
      }
      return try found[0] ?? Tensor.zeros(x.shape, x.dtype, on: x.device)
    }
  }
}

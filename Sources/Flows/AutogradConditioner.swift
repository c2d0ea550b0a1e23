import Torch

/// A conditioner of your own, written with tensor operations: its gradients come from libtorch's autograd.
///
/// The graph spans this one network and lives only while its backward pass runs.
public final class AutogradConditioner: Conditioner {
  /// `(input, parameter values in order) -> output`
  public typealias Network = (Tensor, [Tensor]) throws -> Tensor

  public let parameters: [Parameter]
  private let network: Network

  public init(parameters: [Parameter], network: @escaping Network) {
    self.parameters = parameters
    self.network = network
  }

  public func initialize(from x: Tensor) throws -> Tensor { try forward(x, keep: false).output }

  public func forward(_ x: Tensor, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    (try network(x, parameters.map(\.value)), .nothing)
  }

  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor {
    try withGradients {
      let input = try x.requiringGradient()
      let leaves = try parameters.map { try $0.value.requiringGradient() }
      let output = try network(input, leaves)
      let found = try gradients(of: [output], with: [gradOutput], withRespectTo: [input] + leaves)
      for (parameter, gradient) in zip(parameters, found.dropFirst()) {
        if let gradient { try parameter.gradient.addInPlace(gradient) }
      }
      return try found[0] ?? Tensor.zeros(x.shape, x.dtype, on: x.device)
    }
  }
}

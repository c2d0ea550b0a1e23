import Torch

/// The network of a coupling layer: from the `kept` channels to what transforms the others. It need not be invertible.
public protocol Conditioner: AnyObject {
  var parameters: [Parameter] { get }
  /// What belongs to the state but is not trained, such as running averages.
  var buffers: [Buffer] { get }

  /// Sets data-dependent parameters from one batch, once; returns the output.
  func initialize(from x: Tensor) throws -> Tensor

  /// - Parameter keep: whether to return in `saved` what ``backward(x:saved:gradOutput:)`` needs.
  /// - Returns: `[batch, height, width, outputs]`.
  func forward(_ x: Tensor, keep: Bool) throws -> (output: Tensor, saved: Saved)

  /// Adds to the parameters' gradients and returns the gradient with respect to `x`.
  /// - Parameter saved: what `forward(x, keep: true)` returned.
  func backward(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor
}

extension Conditioner {
  public var buffers: [Buffer] { [] }
}

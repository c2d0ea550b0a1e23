import Torch

/// The network of a coupling layer: from the `kept` channels to what transforms the others. It need not be invertible.
public protocol Conditioner: AnyObject {
  /// What training changes.
  var parameters: [Parameter] { get }
  /// What belongs to the state but is not trained, such as running averages.
  var buffers: [Buffer] { get }
  /// The averages that training keeps over batches.
  var statistics: [RunningStatistics] { get }

  /// Sets what the network multiplies; one that has no choice does nothing.
  func use(_ precision: ConditionerPrecision)

  /// Sets data-dependent parameters from one batch, once; returns the output.
  func initialize(from x: Tensor, under context: Context) throws -> Tensor

  /// - Parameter keep: whether to return in `saved` what ``backward(x:saved:gradOutput:under:)`` needs.
  /// - Returns: `[batch, height, width, outputs]`.
  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved)

  /// Adds to the parameters' gradients and returns the gradient with respect to `x`.
  /// - Parameters:
  ///   - saved: what `forward(x, under: context, keep: true)` returned.
  ///   - context: that of the forward pass.
  func backward(x: Tensor, saved: Saved, gradOutput: Tensor, under context: Context) throws -> Tensor
}

extension Conditioner {
  public var statistics: [RunningStatistics] { [] }
  public var buffers: [Buffer] { statistics.flatMap(\.buffers) }

  public func use(_ precision: ConditionerPrecision) {}

  // For callers without a context.

  /// ``initialize(from:under:)`` without a context.
  public func initialize(from x: Tensor) throws -> Tensor { try initialize(from: x, under: .none) }

  /// ``forward(_:under:keep:)`` without a context.
  public func forward(_ x: Tensor, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    try forward(x, under: .none, keep: keep)
  }

  /// ``backward(x:saved:gradOutput:under:)`` without a context.
  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor) throws -> Tensor {
    try backward(x: x, saved: saved, gradOutput: gradOutput, under: .none)
  }
}

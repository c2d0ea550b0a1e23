import Torch

/// An invertible map between tensors of images, `[batch, height, width, channel]`, that knows its log-determinant.
///
/// Forward goes from data to latent. Because ``backward(y:saved:gradY:gradLogDet:)`` can rebuild its input from its
/// output, a chain of any depth needs to hold only its last output: memory does not grow with depth. (Glow, section 3;
/// reversible backward after Gomez et al. 2017.)
public protocol Bijection: AnyObject {
  /// What training changes.
  var parameters: [Parameter] { get }
  /// What belongs to the state but is not trained, such as the order of a shuffle or running averages.
  var buffers: [Buffer] { get }

  /// Sets data-dependent parameters from one batch, once, before training.
  /// - Returns: the output for `x` under the new parameters.
  func initialize(from x: Tensor) throws -> Tensor

  /// - Parameter keep: whether to return in `saved` what ``backward(y:saved:gradY:gradLogDet:)`` needs, so that it
  ///   need not be computed again.
  /// - Returns: the output, and log|det J| in nats per image, `[batch]`.
  func forward(_ x: Tensor, keep: Bool) throws -> Forward

  func inverse(_ y: Tensor) throws -> Tensor

  /// Rebuilds the input from the output, or reads it from `saved`, and adds to the gradients of the parameters.
  /// - Parameters:
  ///   - gradY: the gradient of the loss with respect to the output; same shape.
  ///   - gradLogDet: the gradient with respect to the log-determinants, `[batch]`.
  /// - Returns: the input, and the gradient with respect to it.
  func backward(y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor) throws -> (x: Tensor, gradX: Tensor)
}

/// What a bijection's forward pass gives.
public struct Forward {
  public let y: Tensor
  /// log|det J| in nats, `[batch]`.
  public let logDet: Tensor
  public let saved: Saved

  public init(_ y: Tensor, logDet: Tensor, saved: Saved = .nothing) {
    self.y = y
    self.logDet = logDet
    self.saved = saved
  }
}

/// Activations that a forward pass kept for its backward pass: those of the layer itself and those of the layers inside.
public struct Saved {
  public var tensors: [Tensor]
  public var children: [Saved]

  public init(_ tensors: [Tensor] = [], children: [Saved] = []) {
    self.tensors = tensors
    self.children = children
  }

  public static var nothing: Saved { Saved() }
  public var isEmpty: Bool { tensors.isEmpty && children.isEmpty }
}

extension Bijection {
  public var buffers: [Buffer] { [] }

  /// For layers without data-dependent parameters.
  public func initialize(from x: Tensor) throws -> Tensor { try forward(x, keep: false).y }
}

/// A bijection that multiplies elements by what it computes from others: an affine coupling.
public protocol ElementScaling: Bijection {
  /// The scales that the layer applies to `x`; nil if it applies none, as an additive coupling does.
  func scales(of x: Tensor) throws -> Tensor?
}

extension ElementScaling {
  /// The smallest and largest of them; 1 where there are none.
  public func scaleRange(_ x: Tensor) throws -> (minimum: Double, maximum: Double) {
    guard let scales = try scales(of: x) else { return (1, 1) }
    return (try scales.minimum().item(), try scales.maximum().item())
  }
}

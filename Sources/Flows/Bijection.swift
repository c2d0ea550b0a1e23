import Torch

/// An invertible map between tensors of images, `[batch, height, width, channel]`, that knows its log-determinant.
///
/// Forward goes from data to latent. Because ``backward(y:saved:gradY:gradLogDet:under:)`` can rebuild its input from its
/// output, a chain of any depth needs to hold only its last output: memory does not grow with depth. (Glow, section 3;
/// reversible backward after Gomez et al. 2017.)
///
/// ```swift
/// let layer = try ActNorm("actnorm", channels: 3, like: TensorOptions())
/// let x = try Tensor.normal([8, 16, 16, 3], .float32, using: Generator(seed: 0))
/// let (y, logDet) = (try layer.forward(x).y, try layer.forward(x).logDet)  // [8, 16, 16, 3], [8]
/// let back = try layer.inverse(y)  // x
/// ```
public protocol Bijection: AnyObject {
  /// What training changes.
  var parameters: [Parameter] { get }
  /// What belongs to the state but is not trained, such as the order of a shuffle or running averages.
  var buffers: [Buffer] { get }
  /// The averages that training keeps over batches.
  var statistics: [RunningStatistics] { get }
  /// The layers that reports and errors tell apart, in order, with their names; none for a map that needs no report.
  var parts: [NamedBijection] { get }

  /// Whether the inverse takes one pass through the layer. Where it takes many, training keeps the layer's input.
  var invertsInOnePass: Bool { get }

  /// What the layer is, in numbers of the host's memory; nil for one that is none of the kinds of ``LayerBlueprint``.
  func blueprint() throws -> [LayerBlueprint]?

  /// Sets what conditioners multiply; a layer without any does nothing.
  func use(_ precision: ConditionerPrecision)

  /// Sets data-dependent parameters from one batch, once, before training.
  /// - Returns: the output for `x` under the new parameters.
  func initialize(from x: Tensor, under context: Context) throws -> Tensor

  /// - Parameter keep: whether to return in `saved` what ``backward(y:saved:gradY:gradLogDet:under:)`` needs, so that it
  ///   need not be computed again.
  /// - Returns: the output, and log|det J| in nats per image, `[batch]`.
  func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward

  /// - Returns: log|det J| in nats by position of `x`, `[batch, height, width]`: what each position's elements, or the positions
  ///   that a squeeze puts together, add to it.
  func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor

  /// From latent to data: the `x` of which ``forward(_:under:keep:)`` makes `y`, up to rounding.
  func inverse(_ y: Tensor, under context: Context) throws -> Tensor

  /// Rebuilds the input from the output, or reads it from `saved`, and adds to the gradients of the parameters.
  /// - Parameters:
  ///   - saved: what the forward pass kept. For a layer that does not invert in one pass it may also be the input alone.
  ///   - gradY: the gradient of the loss with respect to the output; same shape.
  ///   - gradLogDet: the gradient with respect to the log-determinants, `[batch]`.
  ///   - context: that of the forward pass.
  /// - Returns: the input, and the gradient with respect to it.
  func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor)
}

/// A layer under its name in a model, such as `level1.step3.actnorm`.
public typealias NamedBijection = (name: String, layer: any Bijection)

/// What a bijection's forward pass gives.
public struct Forward {
  /// The output, `[batch, height, width, channel]`.
  public let y: Tensor
  /// log|det J| in nats, `[batch]`.
  public let logDet: Tensor
  /// What the backward pass needs; ``Saved/nothing`` where nothing was to be kept.
  public let saved: Saved

  /// - Parameter logDet: in nats, `[batch]`.
  public init(_ y: Tensor, logDet: Tensor, saved: Saved = .nothing) {
    self.y = y
    self.logDet = logDet
    self.saved = saved
  }
}

/// Activations that a forward pass kept for its backward pass: those of the layer itself and those of the layers inside.
public struct Saved {
  /// The layer's own, in an order that the layer alone knows.
  public var tensors: [Tensor]
  /// Those of the layers inside, in the order of the forward pass.
  public var children: [Saved]

  /// Nothing is kept unless given.
  public init(_ tensors: [Tensor] = [], children: [Saved] = []) {
    self.tensors = tensors
    self.children = children
  }

  /// What a coupling keeps: its conditioner's output, and what the conditioner kept.
  init(output: Tensor, conditioner: Saved) { self.init([output], children: [conditioner]) }

  /// As ``init(output:conditioner:)`` was given them; nil where nothing was kept.
  var conditioned: (output: Tensor, conditioner: Saved)? { isEmpty ? nil : (tensors[0], children[0]) }

  /// What a pass without a backward pass keeps.
  public static var nothing: Saved { Saved() }
  /// Whether nothing was kept.
  public var isEmpty: Bool { tensors.isEmpty && children.isEmpty }
}

extension Bijection {
  public var buffers: [Buffer] { [] }
  public var statistics: [RunningStatistics] { [] }
  public var parts: [NamedBijection] { [] }

  public var invertsInOnePass: Bool { true }

  public func blueprint() throws -> [LayerBlueprint]? { nil }

  public func use(_ precision: ConditionerPrecision) {}

  /// For layers that do the same at every position.
  public func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    let logDet = try forward(x, under: context, keep: false).logDet
    return try (logDet / Double(height * width)).reshaped([batch, 1, 1]).expanded(to: [batch, height, width])
  }

  /// For layers without data-dependent parameters.
  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try forward(x, under: context, keep: false).y
  }

  // For layers that need no context, and callers that have none.

  /// ``initialize(from:under:)`` without a context.
  public func initialize(from x: Tensor) throws -> Tensor { try initialize(from: x, under: .none) }

  /// ``forward(_:under:keep:)`` without a context.
  public func forward(_ x: Tensor, keep: Bool = false) throws -> Forward { try forward(x, under: .none, keep: keep) }

  /// ``inverse(_:under:)`` without a context.
  public func inverse(_ y: Tensor) throws -> Tensor { try inverse(y, under: .none) }

  /// ``backward(y:saved:gradY:gradLogDet:under:)`` without a context.
  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradX: Tensor) {
    try backward(y: y, saved: saved, gradY: gradY, gradLogDet: gradLogDet, under: .none)
  }
}

/// What a step of flow does after its permutation.
public protocol StepTransform: ElementScaling {
  /// What reports and errors call it in a step.
  static var partName: String { get }
}

/// A bijection that multiplies elements by what it computes from others: an affine coupling, or a masked autoregressive map.
public protocol ElementScaling: Bijection {
  /// The scales that the layer applies to `x`; nil if it applies none, as an additive coupling does.
  func scales(of x: Tensor, under context: Context) throws -> Tensor?
}

extension ElementScaling {
  /// The sum over the channels of log s; 0 for a layer that scales nothing.
  public func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    guard let scales = try scales(of: x, under: context) else {
      return try .zeros([batch, height, width], x.dtype, on: x.device)
    }
    return try scales.logarithm().sum([3])
  }
}

import Torch

/// Bijections one after another, with the reversible backward pass: unless told to keep activations, it holds nothing but
/// its last output, and the inputs of layers that do not invert in one pass, and rebuilds each other layer's input on the way
/// back.
public final class Chain: Bijection {
  /// A bijection of the chain.
  public struct Link {
    /// What reports and errors call it; nil where it has ``Bijection/parts`` of its own, or none.
    public let name: String?
    /// What the link does.
    public let layer: any Bijection

    /// - Parameter name: nil for a layer with ``Bijection/parts`` of its own, or with none to report.
    public init(_ name: String? = nil, _ layer: any Bijection) {
      self.name = name
      self.layer = layer
    }

    /// What reports and errors tell apart.
    public var parts: [NamedBijection] { name.map { [($0, layer)] } ?? layer.parts }
  }

  /// In the order of the forward pass.
  public let links: [Link]

  /// The layers of ``links``, in the same order.
  public var layers: [any Bijection] { links.map(\.layer) }
  public var parameters: [Parameter] { layers.flatMap(\.parameters) }
  public var buffers: [Buffer] { layers.flatMap(\.buffers) }
  public var statistics: [RunningStatistics] { layers.flatMap(\.statistics) }
  public var parts: [NamedBijection] { links.flatMap(\.parts) }

  /// - Parameter links: in the order of the forward pass.
  public init(links: [Link]) { self.links = links }

  /// A chain of layers that have ``Bijection/parts`` of their own, or none to report.
  /// - Parameter layers: in the order of the forward pass.
  public convenience init(_ layers: [any Bijection]) { self.init(links: layers.map { Link(nil, $0) }) }

  public func use(_ precision: ConditionerPrecision) { layers.forEach { $0.use(precision) } }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try layers.reduce(x) { x, layer in try layer.initialize(from: x, under: context) }
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    try forward(x, under: context, keeping: keep ? Set(links.indices) : nil)
  }

  /// As ``forward(_:under:keep:)``, with the activations of some links alone, and the inputs of others that do not invert in
  /// one pass: what a backward pass will need.
  /// - Parameter kept: indices of ``links``; nil where no backward pass follows.
  public func forward(_ x: Tensor, under context: Context, keeping kept: Set<Int>?) throws -> Forward {
    var y = x
    var logDet = try Tensor.zeros([x.shape[0]], x.dtype, on: x.device)
    var saved: [Saved] = []
    for (index, layer) in layers.enumerated() {
      try Interruption.check()
      let keep = kept?.contains(index) ?? false
      let step = try layer.forward(y, under: context, keep: keep)
      if kept != nil { saved.append(keep || layer.invertsInOnePass ? step.saved : Saved([y])) }
      y = step.y
      logDet = try logDet + step.logDet
    }
    return Forward(y, logDet: logDet, saved: Saved(children: saved))
  }

  /// By positions of the input: where layers in between have fewer, each of theirs counts for those that it was put together
  /// from, in equal parts.
  public func logDetPerPosition(_ x: Tensor, under context: Context) throws -> Tensor {
    let (batch, height, width, _) = x.imageSizes
    var sum = try Tensor.zeros([batch, height, width], x.dtype, on: x.device)
    var y = x
    for layer in layers {
      try Interruption.check()
      sum = try sum + layer.logDetPerPosition(y, under: context).spread(to: height, width)
      y = try layer.forward(y, under: context, keep: false).y
    }
    return sum
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    return try layers.reversed().reduce(y) { y, layer in
      try Interruption.check()
      return try layer.inverse(y, under: context)
    }
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    try backward(y: y, saved: saved, gradY: gradY, gradLogDet: gradLogDet, under: context, after: { _ in })
  }

  /// As ``backward(y:saved:gradY:gradLogDet:under:)``.
  /// - Parameter report: called with each layer once it has added to its parameters' gradients.
  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context,
    after report: (any Bijection) throws -> Void
  ) throws -> (x: Tensor, gradX: Tensor) {
    var (x, gradX) = (y, gradY)
    var kept = saved.children
    for layer in layers.reversed() {
      let own = kept.popLast() ?? .nothing
      (x, gradX) = try layer.backward(y: x, saved: own, gradY: gradX, gradLogDet: gradLogDet, under: context)
      try report(layer)
    }
    return (x, gradX)
  }
}

import Torch

/// Bijections one after another, with the reversible backward pass: unless told to keep activations, it holds nothing but
/// its last output and rebuilds each layer's input on the way back.
public final class Chain: Bijection {
  public let links: [any Bijection]

  public var parameters: [Parameter] { links.flatMap(\.parameters) }
  public var buffers: [Buffer] { links.flatMap(\.buffers) }

  public init(_ links: [any Bijection]) { self.links = links }

  public func initialize(from x: Tensor) throws -> Tensor {
    try links.reduce(x) { x, link in try link.initialize(from: x) }
  }

  public func forward(_ x: Tensor, keep: Bool) throws -> Forward {
    try forward(x, keepingLast: keep ? links.count : 0)
  }

  /// As ``forward(_:keep:)``, with the activations of the last `count` links alone.
  public func forward(_ x: Tensor, keepingLast count: Int) throws -> Forward {
    var y = x
    var logDet = try Tensor.zeros([x.shape[0]], x.dtype, on: x.device)
    var saved: [Saved] = []
    for (index, link) in links.enumerated() {
      let keep = index >= links.count - count
      let step = try link.forward(y, keep: keep)
      y = step.y
      logDet = try logDet + step.logDet
      if count > 0 { saved.append(step.saved) }
    }
    return Forward(y, logDet: logDet, saved: Saved(children: saved))
  }

  public func inverse(_ y: Tensor) throws -> Tensor {
    try links.reversed().reduce(y) { y, link in try link.inverse(y) }
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (x: Tensor, gradX: Tensor) {
    try backward(y: y, saved: saved, gradY: gradY, gradLogDet: gradLogDet, after: { _ in })
  }

  /// As ``backward(y:saved:gradY:gradLogDet:)``.
  /// - Parameter report: called with each link once it has added to its parameters' gradients.
  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, after report: (any Bijection) throws -> Void
  ) throws -> (x: Tensor, gradX: Tensor) {
    var (x, gradX) = (y, gradY)
    var kept = saved.children
    for link in links.reversed() {
      let own = kept.popLast() ?? .nothing
      (x, gradX) = try link.backward(y: x, saved: own, gradY: gradX, gradLogDet: gradLogDet)
      try report(link)
    }
    return (x, gradX)
  }
}

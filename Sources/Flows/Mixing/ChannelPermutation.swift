import Torch

/// A fixed reordering of the channels: `y[..., i] = x[..., order[i]]`. Volume-preserving.
public final class ChannelPermutation: Bijection {
  private let order: Buffer

  public var parameters: [Parameter] { [] }
  public var buffers: [Buffer] { [order] }

  /// - Parameter order: `[channel]`, each of 0 ..< channel once.
  public init(_ name: String, order: [Int], on device: Device = .cpu) throws {
    precondition(order.sorted() == Array(0..<order.count), "not an order of \(order.count) channels: \(order)")
    self.order = Buffer(name + ".order", try Tensor(order, on: device))
  }

  /// RealNVP's reversal of the channels.
  public static func reverse(_ name: String, channels: Int, on device: Device = .cpu) throws -> ChannelPermutation {
    try ChannelPermutation(name, order: Array((0..<channels).reversed()), on: device)
  }

  /// A random order, drawn once.
  public static func shuffle(
    _ name: String, channels: Int, on device: Device = .cpu, using generator: Generator
  ) throws -> ChannelPermutation {
    try ChannelPermutation(name, order: Tensor.permutation(channels, using: generator).elements(), on: device)
  }

  /// `y[..., i] = x[..., indices[i]]`
  func indices() throws -> [Int] { try order.value.elements(Int64.self).map { Int($0) } }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let y = try x.selecting(order.value, alongDimension: -1)
    return Forward(y, logDet: try .zeros([x.shape[0]], x.dtype, on: x.device))
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let x = try Tensor.zeros(y.shape, y.dtype, on: y.device)
    try x.addInPlace(y, at: order.value, alongDimension: -1)
    return x
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    (try inverse(y), try inverse(gradY))
  }
}

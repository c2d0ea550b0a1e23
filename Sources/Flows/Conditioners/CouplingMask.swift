import Torch

/// What of an image a coupling keeps and conditions on; it transforms the rest. (RealNVP, section 3.4 and figure 3.)
public enum CouplingMask: Sendable, Hashable {
  /// The pixels whose row and column add up to an odd number, or to an even one.
  case checkerboard(keepsOdd: Bool)
  /// The first half of the channels, or the second.
  case channels(keepsFirst: Bool)

  /// Whether it tells pixels apart, and not channels.
  public var isCheckerboard: Bool {
    if case .checkerboard = self { true } else { false }
  }

  /// A checkerboard as numbers: 1 where a pixel is kept and 0 elsewhere, `[1, height, width, 1]`.
  func kept(height: Int, width: Int, like tensor: Tensor) throws -> Tensor {
    guard case .checkerboard(let keepsOdd) = self else {
      preconditionFailure("a mask of channels is the same at all pixels")
    }
    let rows = try Tensor.range(height, .float64).reshaped([1, height, 1, 1])
    let sums = try rows + Tensor.range(width, .float64).reshaped([1, 1, width, 1])
    let odd = try sums - (sums / 2).floor() * 2
    return try (keepsOdd ? odd : 1 - odd).converted(to: tensor.dtype, on: tensor.device)
  }
}

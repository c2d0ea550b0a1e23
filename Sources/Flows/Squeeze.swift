import Torch

/// Trades space for channels (RealNVP, section 3.6): `[N, H, W, C]` to `[N, H/2, W/2, 4C]`, channel c at row offset dy and
/// column offset dx going to channel `4c + 2dy + dx`. Volume-preserving.
public final class Squeeze: Bijection {
  public var parameters: [Parameter] { [] }

  /// Takes images of even height and width.
  public init() {}

  public func blueprint() -> [LayerBlueprint]? { [.squeeze] }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    Forward(try squeeze(x), logDet: try .zeros([x.shape[0]], x.dtype, on: x.device))
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    let (batch, height, width, channels) = y.imageSizes
    precondition(channels % 4 == 0, "an unsqueeze needs a multiple of 4 channels, not \(channels)")
    return try y.reshaped([batch, height, width, channels / 4, 2, 2]).permuted([0, 1, 4, 2, 5, 3])
      .reshaped([batch, 2 * height, 2 * width, channels / 4])
  }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    (try inverse(y), try inverse(gradY))
  }

  private func squeeze(_ x: Tensor) throws -> Tensor {
    let (batch, height, width, channels) = x.imageSizes
    precondition(height % 2 == 0 && width % 2 == 0, "a squeeze needs an even height and width, not \(height)x\(width)")
    return try x.reshaped([batch, height / 2, 2, width / 2, 2, channels]).permuted([0, 1, 3, 5, 2, 4])
      .reshaped([batch, height / 2, width / 2, 4 * channels])
  }
}

/// How a coupling layer transforms one half of the channels, given what its conditioner made of the other.
public enum CouplingTransform: Sendable, Hashable {
  /// `y = x + shift` (NICE): volume-preserving.
  case additive
  /// `y = (x + shift) * s(raw)` (Glow, table 1).
  case affine(Scale)

  /// From the conditioner's raw output to the scale of an affine coupling.
  public enum Scale: Sendable, Hashable {
    /// `a + (1 - a) * sigmoid(raw + 2)`. The released code has a = 0; a > 0 bounds what the inverse can magnify.
    case sigmoid(minimum: Double)
    /// `exp(raw)`, the paper's formula.
    case exponential
    /// `exp(tanh(raw))`, between 1/e and e: starts as the identity, and its inverse cannot run away off the data.
    case bounded
    /// `exp(rescale * tanh(raw))` with one learned `rescale` a layer (RealNVP, section 4.1). The paper's equation 8 adds the
    /// shift after the scale; the released code, as here, before it.
    /// - start: what `rescale` starts from; 0 starts the scales at 1.
    case rescaledTanh(start: Double)
  }

  /// Conditioner outputs per transformed channel.
  public var outputsPerChannel: Int { self == .additive ? 1 : 2 }
}

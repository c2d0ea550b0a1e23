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
  }

  /// Conditioner outputs per transformed channel.
  public var outputsPerChannel: Int { self == .additive ? 1 : 2 }
}

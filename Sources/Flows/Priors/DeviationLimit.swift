import Torch

/// Keeps the log standard deviation of a predicted Gaussian between -`most` and `most`: `most tanh(raw / most)`.
///
/// A convolution follows its input without bound. For an image unlike those of the training, one deviation of e^-8 is
/// enough to take all meaning from the likelihood.
public struct DeviationLimit: Sendable {
  /// The largest log standard deviation; the smallest is the same below 0.
  public let most: Double

  /// - Parameter most: above 0.
  public init(_ most: Double) {
    precondition(most > 0, "a limit is above 0, got \(most)")
    self.most = most
  }

  func callAsFunction(_ raw: Tensor) throws -> Tensor { try (raw / most).tanh() * most }

  /// The gradient with respect to what was predicted, from that with respect to the Gaussian.
  /// - Parameters:
  ///   - halves: for mean and log standard deviation, each half of the channels.
  ///   - limited: the log standard deviation.
  func backward(_ halves: Tensor, _ limited: Tensor) throws -> Tensor {
    let (mean, deviation) = try halves.splitLast(at: halves.shape[halves.rank - 1] / 2)
    let slope = try 1 - (limited / most).squared()
    return try .concatenating([mean, deviation * slope], alongDimension: -1)
  }
}

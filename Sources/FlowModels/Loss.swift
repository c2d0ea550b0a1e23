import Torch

/// The parts of one batch's loss, on the device: reading them waits for it.
public struct Loss {
  /// Nats per image, `[batch]`.
  public let logProbability: Tensor
  /// The classifier's mean cross-entropy in nats, a scalar; nil without a classifier.
  public let crossEntropy: Tensor?

  /// - Parameters:
  ///   - logProbability: in nats per image, `[batch]`.
  ///   - crossEntropy: in nats, a scalar; nil without a classifier.
  public init(logProbability: Tensor, crossEntropy: Tensor?) {
    self.logProbability = logProbability
    self.crossEntropy = crossEntropy
  }

  /// The loss of a batch that was taken in `parts`.
  public init(joining parts: [Loss]) throws {
    precondition(!parts.isEmpty, "a batch has a part")
    guard parts.count > 1 else {
      self = parts[0]
      return
    }
    logProbability = try .concatenating(parts.map(\.logProbability), alongDimension: 0)
    let count = Double(logProbability.shape[0])
    crossEntropy = try parts.reduce(nil) { sum, part in
      guard let own = try part.crossEntropy.map({ try $0 * (Double(part.logProbability.shape[0]) / count) }) else {
        return sum
      }
      return try sum.map { try $0 + own } ?? own
    }
  }
}

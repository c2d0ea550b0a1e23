import Flows
import Torch

extension Glow {
  /// The condition of labels, each a row with 1 at its label and 0 elsewhere, `[count, classes]`; nil for a model
  /// without labels.
  /// - Parameter labels: int64 `[count]`; a conditional model needs them.
  public func conditions(of labels: Tensor?, count: Int) throws -> Tensor? { try oneHot(labels, count: count) }

  /// The images of `latents` under conditions that may lie between labels: ``decode(_:labels:)`` with rows from
  /// ``conditions(of:count:)``, or blends of them.
  /// - Parameter conditions: `[count, classes]`; a conditional model needs them, any other takes nil.
  public func decode(_ latents: Latents, conditions: Tensor?) throws -> Tensor {
    guard configuration.classCount > 0 else { return try decode(latents) }
    guard let conditions, conditions.shape == [latents.count, configuration.classCount] else {
      throw ModelError.request(
        "the model is conditional: its conditions are [\(latents.count), \(configuration.classCount)], got "
          + "\(conditions.map { "\($0.shape)" } ?? "none")")
    }
    return try withInference { try decode(latents, condition: conditions) }
  }
}

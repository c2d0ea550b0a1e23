import FlowModels

/// The model that a fine-tuned run began as: part of its settings.
public struct ModelOrigin: Codable, Sendable, Hashable {
  /// As `glow train --from` was told: a name or a path.
  public var model: String
  /// The fingerprint of its weights (`FlowModel.fingerprint`).
  public var weights: String

  /// - Parameter weights: the fingerprint of the model's weights.
  public init(model: String, weights: String) {
    self.model = model
    self.weights = weights
  }

  /// - Parameter source: the model that `location` names.
  public init(_ source: any FlowModel, at location: String) throws {
    model = location
    weights = try source.fingerprint()
  }
}

import Flows

/// What a model is, in numbers of the host's memory: enough to compute it without libtorch, as the codec does.
public struct FlowBlueprint: Sendable {
  /// One level: its layers, and what leaves the flow after them.
  public struct Level: Sendable {
    /// In the order from data to latents.
    public let layers: [LayerBlueprint]
    /// The prior of the level's latent; nil at the last level.
    public let split: PriorBlueprint?
  }

  /// Rows of pixels.
  public let height: Int
  /// Columns of pixels.
  public let width: Int
  /// Values a pixel.
  public let channels: Int
  /// Bits of each value.
  public let bits: Int
  /// The numbers that say an image's condition; 0 where there is none.
  public let conditionCount: Int
  /// The finest first.
  public let levels: [Level]
  /// The prior of the last latent.
  public let top: PriorBlueprint
}

extension MultiscaleFlow {
  public func blueprint() throws -> FlowBlueprint {
    let levels = try levels.map { level in
      FlowBlueprint.Level(
        layers: try level.chain.layers.flatMap(blueprint), split: try level.split.map { try $0.blueprint() })
    }
    return FlowBlueprint(
      height: configuration.height, width: configuration.width, channels: configuration.channels,
      bits: configuration.bits, conditionCount: configuration.conditionCount, levels: levels,
      top: try prior.blueprint())
  }

  private func blueprint(of layer: any Bijection) throws -> [LayerBlueprint] {
    guard let found = try layer.blueprint() else {
      throw ModelError.request(
        "a \(Configuration.title) has no blueprint: its \(type(of: layer)) is none of the layers that one can describe")
    }
    return found
  }
}

import ArgumentParser
import FlowModels

/// The two Glows that are measured everywhere, before flags change them.
enum BenchShape: String, ExpressibleByArgument, CaseIterable {
  /// The published CIFAR-10 run's: L=3, K=32, 512 hidden.
  case cifar10
  /// L=2, K=8, 128 hidden.
  case small

  /// With a plain 1x1 matrix and zero padding without an edge channel, as in the PyTorch implementations it is compared
  /// with.
  var model: GlowConfiguration {
    var model =
      switch self {
      case .cifar10: GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 32, hidden: 512)
      case .small: GlowConfiguration(height: 32, width: 32, channels: 3, levels: 2, steps: 8, hidden: 128)
      }
    model.permutation = .conv1x1
    return model
  }

  var trainingBatch: Int { self == .cifar10 ? 32 : 64 }
}

extension GlowConfiguration.CouplingKind: ExpressibleByArgument {}

/// The families that can be measured, by the names that checkpoints have for them.
enum BenchFamily: String, ExpressibleByArgument, CaseIterable {
  case glow
  case maskedGlow = "masked-glow"
}

/// Flags that change a shape.
struct BenchShapeFlags: ParsableArguments {
  @Option(help: "cifar10 (L=3, K=32, 512 hidden) or small (L=2, K=8, 128 hidden), both 32x32x3.")
  var shape = BenchShape.cifar10
  @Option(help: "glow, or masked-glow: the same after masked steps on the pixels.") var family = BenchFamily.glow
  @Option(help: "Of masked-glow: masked steps on the pixels (4 unless given).") var pixelSteps: Int?
  @Option(help: "Of masked-glow: hidden channels of their networks (32 unless given).") var pixelHidden: Int?
  @Option(help: "L, levels.") var levels: Int?
  @Option(help: "K, steps of flow per level.") var steps: Int?
  @Option(help: "Hidden channels of the coupling networks.") var hidden: Int?
  @Option(help: "affine or additive.") var coupling: GlowConfiguration.CouplingKind?
  @Option(help: "Pixels a side.") var size: Int?
  @Option(help: "Channels of the images.") var channels: Int?

  func validate() throws {
    for (name, value) in [("--pixel-steps", pixelSteps), ("--pixel-hidden", pixelHidden)] where value != nil {
      guard family == .maskedGlow else {
        throw ValidationError("\(name) has no meaning for a Glow: add --family masked-glow, or leave it out")
      }
    }
  }

  func configuration() throws -> any BenchConfiguration {
    let glow = glow
    let configuration: any BenchConfiguration =
      switch family {
      case .glow: glow
      case .maskedGlow:
        MaskedGlowConfiguration(pixelSteps: pixelSteps ?? 4, pixelHidden: pixelHidden ?? 32, before: glow)
      }
    try configuration.validate()
    return configuration
  }

  private var glow: GlowConfiguration {
    var model = shape.model
    if let levels { model.levels = levels }
    if let steps { model.steps = steps }
    if let hidden { model.hidden = hidden }
    if let coupling { model.coupling = coupling }
    if let size { (model.height, model.width) = (size, size) }
    if let channels { model.channels = channels }
    return model
  }
}

import Flows
import Torch

/// Glow (Kingma & Dhariwal 2018): L levels, each a squeeze and K steps of flow, with half of the channels split off as a
/// latent after every level but the last.
public typealias Glow = MultiscaleFlow<GlowConfiguration>

extension GlowConfiguration {
  public func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel {
    try Glow(self, options: options, seed: seed)
  }

  public func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture {
    try makeArchitecture(after: [], options: options, using: generator)
  }

  /// - Parameter pixelSteps: come before the first squeeze.
  func makeArchitecture(
    after pixelSteps: [any Bijection], options: TensorOptions, using generator: Generator
  ) throws -> MultiscaleArchitecture {
    let levels = try (1...levels).map { level in
      try makeLevel(level, after: level == 1 ? pixelSteps : [], options, generator)
    }
    let top = latentShape(level: self.levels)[2]
    return MultiscaleArchitecture(
      levels: levels, prior: try TopPrior("prior", self, like: options),
      classifier: classifier
        ? try ClassifierHead("classifier", channels: top, classes: classCount, like: options) : nil,
      readsLabelsBelowPrior: classesBelowPrior > 0)
  }

  /// Labels that split priors are conditioned on.
  private var classesBelowPrior: Int { labelConditioning == .prior ? 0 : conditionCount }

  private func makeLevel(
    _ level: Int, after pixelSteps: [any Bijection], _ options: TensorOptions, _ generator: Generator
  ) throws -> MultiscaleArchitecture.Level {
    let channels = channels << (level + 1)
    let steps = try (1...steps).map { try makeStep("level\(level).step\($0)", channels, options, generator) }
    let chain = Chain(pixelSteps + [Squeeze()] + steps)
    let ofPixels = pixelSteps.isEmpty ? [] : [pixelSteps.indices]
    let groups = ofPixels + [pixelSteps.count + 1..<chain.links.count]
    guard level < levels else { return .init(chain, groups: groups) }
    let (name, shape) = ("level\(level).split", [height >> level, width >> level, channels])
    let split =
      priors == .diagonal
      ? try Split(name, ownGaussian: shape, classes: classesBelowPrior, like: options)
      : try Split(
        name, shape: shape, edgeChannel: edgeChannel, classes: classesBelowPrior,
        sharesPositions: labelConditioning == .priors, limit: deviationLimit.map(DeviationLimit.init), like: options)
    return .init(chain, groups: groups, split: split)
  }

  private func makeStep(
    _ name: String, _ channels: Int, _ options: TensorOptions, _ generator: Generator
  ) throws -> FlowStep {
    let permutation = try makePermutation(name, channels, options, generator)
    let conditioner = try ConvConditioner(
      name + ".coupling.conditioner", inputs: channels / 2, hidden: hidden,
      outputs: channels / 2 * transform.outputsPerChannel, edgeChannel: edgeChannel, logScaleFactor: logScaleFactor,
      classes: classesOfConditioners, like: options, using: generator)
    return FlowStep(
      name, actnorm: try ActNorm(name + ".actnorm", channels: channels, logScaleFactor: logScaleFactor, like: options),
      permutation: permutation, transform: Coupling(transform, conditioner: conditioner))
  }

  /// The labels that conditioners are told.
  var classesOfConditioners: Int { labelConditioning == .everywhere ? conditionCount : 0 }

  func makePermutation(
    _ name: String, _ channels: Int, _ options: TensorOptions, _ generator: Generator
  ) throws -> any Bijection {
    switch permutation {
    case .reverse: try ChannelPermutation.reverse(name + ".permutation", channels: channels, on: options.device)
    case .shuffle:
      try ChannelPermutation.shuffle(
        name + ".permutation", channels: channels, on: options.device, using: generator)
    case .conv1x1, .conv1x1LU:
      try InvertibleConv1x1(
        name + ".permutation", channels: channels, factored: permutation == .conv1x1LU, like: options,
        using: generator)
    }
  }
}

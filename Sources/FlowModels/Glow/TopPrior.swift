import Flows
import Foundation
import Torch

/// The Gaussian of the last level's latent: learned mean and log standard deviation per channel (the released code's learnTop: a
/// zero-started 3x3 convolution over zeros, so that only its bias and the edge channel matter), plus an embedding of the
/// label: one per channel as published, or one per channel and position. Or, with diagonal priors, a mean and
/// log standard deviation per channel and position, for each label.
public final class TopPrior: Prior {
  private let bias: Parameter?
  private let logScale: Parameter?
  private let edge: Parameter?
  /// With diagonal priors all there is, in a single row where there are no labels.
  private let labels: LabelEmbedding?
  private let isConditional: Bool
  /// The shape of the latent, `[height, width, channel]`.
  private let shape: [Int]
  private var channels: Int { shape[2] }
  private let edges = EdgeMap()
  private let options: TensorOptions

  public var parameters: [Parameter] { [edge, bias, logScale].compactMap(\.self) + (labels?.parameters ?? []) }

  init(_ name: String, _ configuration: GlowConfiguration, like options: TensorOptions) throws {
    let shape = configuration.latentShape(level: configuration.levels)
    let (channels, classes, isDiagonal) = (shape[2], configuration.conditionCount, configuration.priors == .diagonal)
    let learned = configuration.learnTop && !isDiagonal
    func zeros(_ part: String, _ shape: [Int]) throws -> Parameter {
      try Parameter("\(name).\(part)", .zeros(shape, options.dtype, on: options.device))
    }
    edge = learned && configuration.edgeChannel ? try zeros("edge", [3, 3, 2 * channels]) : nil
    bias = learned ? try zeros("bias", [2 * channels]) : nil
    logScale = learned ? try zeros("logScale", [2 * channels]) : nil
    let positions = isDiagonal || configuration.labelConditioning == .everywhere ? [shape[0], shape[1]] : [1, 1]
    labels =
      classes > 0 || isDiagonal
      ? try LabelEmbedding(
        "\(name).\(isDiagonal ? "gaussian" : "labelEmbedding")", classes: max(1, classes),
        shape: positions + [2 * channels], like: options) : nil
    isConditional = classes > 0
    self.shape = shape
    self.options = options
  }

  public func blueprint() throws -> PriorBlueprint {
    let convolution = try bias.flatMap { bias in
      try logScale.map { logScale in
        ConvolutionBlueprint(
          weight: try edge?.value.elements() ?? [], inputs: 0, outputs: 2 * channels, edgeChannel: edge != nil,
          taps: Array(0..<9), bias: try bias.value.elements(),
          logScale: try logScale.value.elements(Float.self).map { Double($0) * ZeroConv3x3.logScaleFactor },
          embedding: nil)
      }
    }
    return PriorBlueprint(
      convolution: convolution, embedding: try labels?.blueprint(), isConditional: isConditional, limit: nil)
  }

  private func scale(_ logScale: Parameter) throws -> Tensor {
    try (logScale.value * ZeroConv3x3.logScaleFactor).exponential()
  }

  /// Mean and log standard deviation as halves of the channels without the label's part, broadcastable to `[1, H, W, 2C]`.
  private func base() throws -> Tensor {
    guard let bias, let logScale else { return try .zeros([1, 1, 1, 2 * channels], options.dtype, on: options.device) }
    var sum = bias.value
    if let edge {
      sum = try sum + edges.contribution(of: edge.value.reshaped([9, -1]), height: shape[0], width: shape[1])
    }
    return try (sum * scale(logScale)).reshaped(edge == nil ? [1, 1, 1, -1] : [1, shape[0], shape[1], -1])
  }

  public func distribution(under context: Context) throws -> Gaussian {
    let base = try base()
    guard let labels else { return try Gaussian(halves: base) }
    return try Gaussian(halves: base + labels(rows(context.labels, batch: 1)))
  }

  private func rows(_ condition: Tensor?, batch: Int) throws -> Tensor {
    guard isConditional else { return try .ones([batch, 1], options.dtype, on: options.device) }
    guard let condition else { preconditionFailure("a conditional prior needs a condition") }
    return condition
  }

  public func backward(_ gradHalves: Tensor, under context: Context) throws {
    if let labels { try labels.backward(gradHalves, rows: rows(context.labels, batch: gradHalves.shape[0])) }
    guard let bias, let logScale else { return }
    let scale = try scale(logScale)
    try bias.gradient.addInPlace(gradHalves.sum([0, 1, 2]) * scale)
    let learned = try base()
    try logScale.gradient.addInPlace((gradHalves * learned).sum([0, 1, 2]), scale: ZeroConv3x3.logScaleFactor)
    if let edge {
      try edge.gradient.addInPlace((edges.gradient(from: gradHalves) * scale).reshaped(edge.value.shape))
    }
  }
}

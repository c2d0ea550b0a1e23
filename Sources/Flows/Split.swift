import Torch

/// Takes the second half of the channels out as a level's latent, under a Gaussian that a 3x3 convolution predicts from
/// the half that goes on (RealNVP, section 3.6; Glow's learned split prior), or under a Gaussian of its own. Not a
/// bijection by itself.
public final class Split {
  private let prior: ZeroConv3x3?
  private let condition: Condition?
  /// What a label adds; without a prior, all there is, in a single row where there are no labels.
  private let labels: LabelEmbedding?

  public var parameters: [Parameter] { (prior?.parameters ?? []) + (labels?.parameters ?? []) }

  /// - Parameters:
  ///   - shape: before the split, `[height, width, channel]`.
  ///   - condition: the label adds to mean and log-deviation at every position.
  ///   - sharesPositions: whether it adds the same at each.
  public init(
    _ name: String, shape: [Int], edgeChannel: Bool, condition: Condition? = nil, sharesPositions: Bool = false,
    like options: TensorOptions
  ) throws {
    let channels = shape[2]
    precondition(channels % 2 == 0, "a split needs an even number of channels, not \(channels)")
    prior = try ZeroConv3x3(
      name + ".prior", inputs: channels / 2, outputs: channels, edgeChannel: edgeChannel, like: options)
    self.condition = condition
    labels = try condition.map {
      try LabelEmbedding(
        name + ".prior.labelEmbedding", classes: $0.classes, shape: sharesPositions ? [1, 1, channels] : shape,
        like: options)
    }
  }

  /// The latent's mean and log-deviation are parameters, one of each per channel and position, whatever goes on.
  /// - Parameters:
  ///   - shape: before the split, `[height, width, channel]`.
  ///   - condition: each label has its own.
  public init(_ name: String, ownGaussian shape: [Int], condition: Condition? = nil, like options: TensorOptions) throws
  {
    precondition(shape[2] % 2 == 0, "a split needs an even number of channels, not \(shape[2])")
    prior = nil
    self.condition = condition
    labels = try LabelEmbedding(name + ".gaussian", classes: condition?.classes ?? 1, shape: shape, like: options)
  }

  /// - Returns: the half that goes on, and the latent, each with half of the channels.
  public func divide(_ x: Tensor) throws -> (kept: Tensor, latent: Tensor) {
    try x.splitLast(at: x.imageSizes.channels / 2)
  }

  public func join(_ kept: Tensor, _ latent: Tensor) throws -> Tensor {
    try .concatenating([kept, latent], alongDimension: -1)
  }

  /// The distribution of the latent given the half that goes on.
  public func distribution(given kept: Tensor) throws -> Gaussian {
    try Gaussian(halves: halves(prior?.forward(kept), rows: rows(kept)))
  }

  private func rows(_ kept: Tensor) throws -> Tensor {
    try condition?.rows(batch: kept.shape[0]) ?? .ones([kept.shape[0], 1], kept.dtype, on: kept.device)
  }

  private func halves(_ predicted: Tensor?, rows: Tensor) throws -> Tensor {
    guard let labels else { return predicted! }
    return try predicted.map { try $0 + labels(rows) } ?? labels(rows)
  }

  /// Puts the input together again, and the gradient with respect to it.
  /// - Parameters:
  ///   - gradKept: with respect to the half that went on, from the levels above.
  ///   - weight: the gradient of the loss with respect to the latent's log-probability, `[batch]`.
  public func backward(
    kept: Tensor, latent: Tensor, gradKept: Tensor, weight: Tensor
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (predicted, rows) = (try prior?.forward(kept), try rows(kept))
    let (gradLatent, gradHalves) = try Gaussian(halves: halves(predicted, rows: rows)).backward(latent, weight: weight)
    try labels?.backward(gradHalves, rows: rows)
    guard let prior, let predicted else { return (try join(kept, latent), try join(gradKept, gradLatent)) }
    let gradThroughPrior = try prior.backward(x: kept, y: predicted, gradY: gradHalves)
    return (try join(kept, latent), try join(gradKept + gradThroughPrior, gradLatent))
  }
}

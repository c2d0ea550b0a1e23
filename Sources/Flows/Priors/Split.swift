import Torch

/// Takes the second half of the channels out as a level's latent (RealNVP, section 3.6), under a Gaussian that a 3x3
/// convolution predicts from the half that goes on (Glow's learned split prior), under a Gaussian of its own, or under a
/// unit Gaussian. Not a bijection by itself.
public final class Split {
  let prior: ZeroConv3x3?
  /// What a label adds; without a prior, the whole Gaussian, in a single row where there are no labels.
  let labels: LabelEmbedding?
  /// Labels that the Gaussian is conditioned on; 0 for none.
  let classes: Int
  let limit: DeviationLimit?

  /// What training changes: the convolution and the labels' part; empty for a unit Gaussian.
  public var parameters: [Parameter] { (prior?.parameters ?? []) + (labels?.parameters ?? []) }

  /// - Parameters:
  ///   - shape: before the split, `[height, width, channel]`.
  ///   - classes: labels, which add to mean and log standard deviation at every position; 0 for none.
  ///   - sharesPositions: whether it adds the same at each.
  ///   - limit: of the log standard deviation, which else follows what goes on without bound; nil as published.
  public init(
    _ name: String, shape: [Int], edgeChannel: Bool, classes: Int = 0, sharesPositions: Bool = false,
    limit: DeviationLimit? = nil, like options: TensorOptions
  ) throws {
    let channels = shape[2]
    precondition(channels % 2 == 0, "a split needs an even number of channels, not \(channels)")
    prior = try ZeroConv3x3(
      name + ".prior", inputs: channels / 2, outputs: channels, edgeChannel: edgeChannel, like: options)
    self.classes = classes
    self.limit = limit
    labels =
      classes > 0
      ? try LabelEmbedding(
        name + ".prior.labelEmbedding", classes: classes, shape: sharesPositions ? [1, 1, channels] : shape,
        like: options) : nil
  }

  /// The latent's mean and log standard deviation are parameters, one of each per channel and position, whatever goes on.
  /// - Parameters:
  ///   - shape: before the split, `[height, width, channel]`.
  ///   - classes: labels, each with its own; 0 for none.
  public init(_ name: String, ownGaussian shape: [Int], classes: Int = 0, like options: TensorOptions) throws {
    precondition(shape[2] % 2 == 0, "a split needs an even number of channels, not \(shape[2])")
    (prior, limit) = (nil, nil)
    self.classes = classes
    labels = try LabelEmbedding(name + ".gaussian", classes: max(1, classes), shape: shape, like: options)
  }

  /// The latent is standard normal.
  public init() { (prior, labels, classes, limit) = (nil, nil, 0, nil) }

  /// - Returns: the half that goes on, and the latent, each with half of the channels.
  public func divide(_ x: Tensor) throws -> (kept: Tensor, latent: Tensor) {
    try x.splitLast(at: x.imageSizes.channels / 2)
  }

  /// The inverse of ``divide(_:)``: the latent becomes the second half of the channels.
  public func join(_ kept: Tensor, _ latent: Tensor) throws -> Tensor {
    try .concatenating([kept, latent], alongDimension: -1)
  }

  /// The distribution of the latent given the half that goes on.
  public func distribution(given kept: Tensor, under context: Context = .none) throws -> Gaussian {
    guard let halves = try halves(prior?.forward(kept), rows: rows(kept, context)) else { return try .unit(like: kept) }
    return try gaussian(halves)
  }

  private func gaussian(_ halves: Tensor) throws -> Gaussian {
    let free = try Gaussian(halves: halves)
    guard let limit else { return free }
    return try Gaussian(mean: free.mean, logStandardDeviation: limit(free.logStandardDeviation))
  }

  /// A row for each image, for the labels' part; nil where there is none.
  private func rows(_ kept: Tensor, _ context: Context) throws -> Tensor? {
    guard labels != nil else { return nil }
    return classes > 0
      ? context.rows(batch: kept.shape[0], classes: classes)
      : try .ones([kept.shape[0], 1], kept.dtype, on: kept.device)
  }

  /// Mean and log standard deviation; nil for a unit Gaussian.
  private func halves(_ predicted: Tensor?, rows: Tensor?) throws -> Tensor? {
    guard let labels, let rows else { return predicted }
    return try predicted.map { try $0 + labels(rows) } ?? labels(rows)
  }

  /// Puts the input together again, and the gradient with respect to it.
  /// - Parameters:
  ///   - gradKept: with respect to the half that went on, from the levels above.
  ///   - weight: the gradient of the loss with respect to the latent's log-probability, `[batch]`.
  public func backward(
    kept: Tensor, latent: Tensor, gradKept: Tensor, weight: Tensor, under context: Context = .none
  ) throws -> (x: Tensor, gradX: Tensor) {
    let (predicted, rows) = (try prior?.forward(kept), try rows(kept, context))
    let gaussian = try halves(predicted, rows: rows).map(gaussian) ?? .unit(like: latent)
    var (gradLatent, gradHalves) = try gaussian.backward(latent, weight: weight)
    if let limit { gradHalves = try limit.backward(gradHalves, gaussian.logStandardDeviation) }
    if let labels, let rows { try labels.backward(gradHalves, rows: rows) }
    guard let prior, let predicted else { return (try join(kept, latent), try join(gradKept, gradLatent)) }
    let gradThroughPrior = try prior.backward(x: kept, y: predicted, gradY: gradHalves)
    return (try join(kept, latent), try join(gradKept + gradThroughPrior, gradLatent))
  }
}

import Torch

/// The mean and variance of each channel by which a batch normalization normalizes: of the batch at hand, or averaged over
/// those of past batches. (RealNVP, section 3.7; Ioffe & Szegedy 2015.)
///
/// A forward pass changes nothing here: the backward pass notes the statistics of its batch, and ``update()``, called
/// once a step, takes all that was noted since the last one into the running averages.
public final class RunningStatistics {
  /// Added to the variance, so that a constant channel gives a finite scale.
  public static let epsilon = 1e-4
  /// How far one step moves the averages towards its batch's statistics, as in RealNVP's released code.
  public static let weight = 0.1

  /// `[channel]`, as is the variance.
  public let mean: Buffer
  /// `[channel]`, of the batches' variances.
  public let variance: Buffer
  private var noted: (mean: Tensor, variance: Tensor, passes: Int)?

  /// The mean and the variance, as a checkpoint holds them.
  public var buffers: [Buffer] { [mean, variance] }

  /// Starts at mean 0 and variance 1.
  /// - Parameter name: the path in the model, to which `.runningMean` and `.runningVariance` are added.
  public init(_ name: String, channels: Int, like options: TensorOptions) throws {
    mean = Buffer(name + ".runningMean", try .zeros([channels], options.dtype, on: options.device))
    variance = Buffer(name + ".runningVariance", try .ones([channels], options.dtype, on: options.device))
  }

  /// What one pass normalizes by.
  struct Moments {
    /// `[channel]`, as is the inverse deviation `1 / sqrt(variance + epsilon)`.
    let mean: Tensor
    let inverseStandardDeviation: Tensor

    func invert(_ y: Tensor) throws -> Tensor { try y / inverseStandardDeviation + mean }
  }

  /// The running averages.
  func running() throws -> Moments {
    Moments(mean: mean.value, inverseStandardDeviation: try Self.inverseStandardDeviation(variance.value))
  }

  private static func inverseStandardDeviation(_ variance: Tensor) throws -> Tensor {
    try 1 / (variance + epsilon).squareRoot()
  }

  /// `(x - mean) / sqrt(variance + epsilon) + bias`.
  /// - Parameters:
  ///   - source: whose mean and variance.
  ///   - bias: `[channel]`.
  func normalize(
    _ x: Tensor, by source: Context.Statistics, bias: Tensor? = nil
  ) throws -> (y: Tensor, moments: Moments) {
    func apply(_ moments: Moments) throws -> (y: Tensor, moments: Moments) {
      let y = try (x - moments.mean) * moments.inverseStandardDeviation
      return (try bias.map { try y + $0 } ?? y, moments)
    }
    guard source != .running else { return try apply(running()) }
    let found: (y: Tensor, moments: Moments)
    if x.runsKernels {
      let (y, mean, inverseStandardDeviation) = try x.batchNormalized(bias: bias, epsilon: Self.epsilon)
      found = (y, Moments(mean: mean, inverseStandardDeviation: inverseStandardDeviation))
    } else {
      found = try apply(
        Moments(
          mean: x.mean([0, 1, 2]), inverseStandardDeviation: Self.inverseStandardDeviation(x.variance([0, 1, 2]))))
    }
    if source == .first {
      try mean.value.assign(found.moments.mean)
      try variance.value.assign(variance(of: found.moments))
    }
    return found
  }

  private func variance(of moments: Moments) throws -> Tensor {
    try (1 / moments.inverseStandardDeviation.squared() - Self.epsilon).clamped(0, .infinity)
  }

  /// The gradient of what ``normalize(_:by:bias:)`` gave: of a batch's statistics, it runs through them. Notes them.
  /// - Parameters:
  ///   - x: what was normalized.
  ///   - moments: as returned then.
  ///   - source: as given then.
  /// - Returns: with respect to `x` and to the bias.
  func backward(
    x: Tensor, moments: Moments, gradY: Tensor, by source: Context.Statistics
  ) throws -> (gradX: Tensor, gradBias: Tensor) {
    guard source == .batch else {
      return (try gradY * moments.inverseStandardDeviation, try gradY.sumPerChannel())
    }
    try note(moments)
    if x.runsKernels, gradY.runsKernels {
      let found = try gradY.batchNormalizedBackward(
        input: x, mean: moments.mean, inverseStandardDeviation: moments.inverseStandardDeviation, epsilon: Self.epsilon)
      return (found.input, found.bias)
    }
    let y = try (x - moments.mean) * moments.inverseStandardDeviation
    let along = try y * (gradY * y).mean([0, 1, 2])
    let gradX = try (gradY - gradY.mean([0, 1, 2]) - along) * moments.inverseStandardDeviation
    return (gradX, try gradY.sumPerChannel())
  }

  private func note(_ moments: Moments) throws {
    let variance = try variance(of: moments)
    guard let noted else {
      self.noted = (moments.mean, variance, 1)
      return
    }
    self.noted = (try noted.mean + moments.mean, try noted.variance + variance, noted.passes + 1)
  }

  /// Moves the running averages by ``weight`` of the way to what the backward passes since the last update noted, the parts of
  /// one batch counting alike.
  public func update() throws {
    guard let noted else { return }
    try mean.value.lerpInPlace(noted.mean / Double(noted.passes), weight: Self.weight)
    try variance.value.lerpInPlace(noted.variance / Double(noted.passes), weight: Self.weight)
    self.noted = nil
  }
}

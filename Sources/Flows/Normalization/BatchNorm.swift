import Torch

/// Batch normalization as a layer of the flow (RealNVP, section 3.7): `y = (x - mean) / sqrt(variance + epsilon)` per channel.
///
/// In evaluation and sampling mean and variance are running averages, a fixed affine map. In training they are those of the
/// batch, and the log-determinant is that of the same map with them held fixed, as published: the true Jacobian of a batch
/// would mix its images. Gradients run through the batch's statistics, in the output and in the log-determinant. The input
/// is rebuilt from the statistics of the last forward pass, two numbers a channel that the layer holds.
public final class BatchNorm: Bijection {
  let averages: RunningStatistics
  /// The statistics of the last forward pass that took a batch's.
  private var ofBatch: RunningStatistics.Moments?

  public var parameters: [Parameter] { [] }
  public var buffers: [Buffer] { averages.buffers }
  public var statistics: [RunningStatistics] { [averages] }

  /// The running averages start at mean 0 and variance 1.
  /// - Parameter name: the path in the model, to which `.runningMean` and `.runningVariance` are added.
  public init(_ name: String, channels: Int, like options: TensorOptions) throws {
    averages = try RunningStatistics(name, channels: channels, like: options)
  }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try forward(x, under: Context(labels: context.labels, statistics: .first), keep: false).y
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (batch, height, width, _) = x.imageSizes
    let (y, moments) = try averages.normalize(x, by: context.statistics)
    if context.statistics == .batch { ofBatch = moments }
    let logDet = try moments.inverseStandardDeviation.logarithm().sum() * Double(height * width)
    return Forward(y, logDet: try logDet.expanded(to: [batch]))
  }

  /// By the running averages, in training too: samples are no batch of data.
  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor { try averages.running().invert(y) }

  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    guard context.statistics == .batch else {
      let moments = try averages.running()
      return (try moments.invert(y), try gradY * moments.inverseStandardDeviation)
    }
    guard let moments = ofBatch else { preconditionFailure("a backward pass needs the forward pass of its batch") }
    let x = try moments.invert(y)
    let (gradX, _) = try averages.backward(x: x, moments: moments, gradY: gradY, by: context.statistics)
    // d log r / dx = -y r / n, for n pixels of the batch; each image's log-determinant holds height * width of log r.
    let fromLogDet = try moments.inverseStandardDeviation * (gradLogDet.sum() / -Double(y.shape[0]))
    return (x, try gradX + y * fromLogDet)
  }
}

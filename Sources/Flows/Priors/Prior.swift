import Torch

/// The distribution of the last level's latent, which depends on no other part of the image.
public protocol Prior: AnyObject {
  /// What training changes; empty for a fixed distribution.
  var parameters: [Parameter] { get }

  /// What the prior is, in numbers of the host's memory.
  func blueprint() throws -> PriorBlueprint

  /// The distribution, broadcastable to the latent's shape.
  func distribution(under context: Context) throws -> Gaussian

  /// Adds to the parameters' gradients.
  /// - Parameter gradHalves: with respect to mean and log standard deviation of each image, joined as halves of the channels,
  ///   `[batch, height, width, 2 * channel]`, as from ``Gaussian/backward(_:weight:)``.
  func backward(_ gradHalves: Tensor, under context: Context) throws
}

/// Mean 0 and deviation 1 at every position: RealNVP's prior.
public final class UnitGaussian: Prior {
  private let options: TensorOptions

  public var parameters: [Parameter] { [] }

  /// - Parameter options: of the distribution's tensors.
  public init(like options: TensorOptions) { self.options = options }

  public func blueprint() -> PriorBlueprint { .unit }

  public func distribution(under context: Context) throws -> Gaussian {
    try .unit(like: .zeros([1], options.dtype, on: options.device))
  }

  public func backward(_ gradHalves: Tensor, under context: Context) {}
}

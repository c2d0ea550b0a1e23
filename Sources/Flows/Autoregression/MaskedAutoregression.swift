import Torch

/// A masked autoregressive map: every pixel is shifted and scaled by what a network makes of the pixels before it in some
/// order. (MAF, Papamakarios et al. 2017, section 3.1; with masked convolutions, as in MaCow, Ma et al. 2019.)
///
///     y = (x + shift) * s(raw)
///
/// shift and raw at a pixel come from the pixels before it that lie near: the Jacobian is triangular, and log|det| is the sum
/// of log s.
///
/// The inverse finds pixel after pixel: those that do not depend on each other together, along a wavefront of
/// 2 height + width - 2 stages (of columns, 2 width + height - 2), in the time of about one forward pass. It needs all
/// stages, so training does not rebuild the input but keeps it: ``invertsInOnePass`` is false.
///
/// ```swift
/// let options = TensorOptions()
/// let map = try MaskedAutoregression(
///   "map", channels: 3, hidden: 32, order: .down, like: options, using: Generator(seed: 1))
/// let x = try Tensor.normal([8, 32, 32, 3], using: Generator(seed: 2))
/// let y = try map.forward(x).y  // [8, 32, 32, 3]
/// let back = try map.inverse(y)  // x
/// ```
public final class MaskedAutoregression: StepTransform {
  public static let partName = "masked"

  /// The order of the pixels: each is mapped by what those before it decide.
  public let order: ScanOrder
  /// From a pixel's `channels` before it to as many shifts, then as many raw scales.
  public let conditioner: ConvConditioner
  private let channels: Int
  private let scale: CouplingTransform.Scale

  public var parameters: [Parameter] { conditioner.parameters }
  public var invertsInOnePass: Bool { false }

  /// - Parameters:
  ///   - hidden: channels of the network: a masked 3x3, a 1x1 and a masked 3x3 convolution that starts at zero.
  ///   - scale: not ``CouplingTransform/Scale/rescaledTanh(start:)``.
  ///   - classes: labels that the network is conditioned on; 0 for none.
  public init(
    _ name: String, channels: Int, hidden: Int, order: ScanOrder, scale: CouplingTransform.Scale = .bounded,
    edgeChannel: Bool = false, logScaleFactor: Double = 1, classes: Int = 0,
    like options: TensorOptions, using generator: Generator
  ) throws {
    if case .rescaledTanh = scale { preconditionFailure("a masked map does not rescale") }
    self.order = order
    self.channels = channels
    self.scale = scale
    conditioner = try ConvConditioner(
      name + ".conditioner", inputs: channels, hidden: hidden, outputs: 2 * channels, edgeChannel: edgeChannel,
      logScaleFactor: logScaleFactor, classes: classes, taps: (.before(order), .upTo(order)), like: options,
      using: generator)
  }

  public func use(_ precision: ConditionerPrecision) { conditioner.use(precision) }

  public func blueprint() throws -> [LayerBlueprint]? { [.masked(order, scale, try conditioner.blueprint())] }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try apply(conditioner.initialize(from: x, under: context), to: x).y
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> Forward {
    let (output, inner) = try conditioner.forward(x, under: context, keep: keep)
    let (y, logDet) = try apply(output, to: x)
    return Forward(y, logDet: logDet, saved: keep ? Saved([x, output], children: [inner]) : .nothing)
  }

  public func inverse(_ y: Tensor, under context: Context) throws -> Tensor {
    guard y.runsKernels else { return try inverseInRounds(y, under: context) }
    return try conditioner.maskedInverse(y, kernel.code, under: context)
  }

  /// - Parameter saved: what the forward pass kept, or the input alone. Without it the input is found by the inverse.
  public func backward(
    y: Tensor, saved: Saved, gradY: Tensor, gradLogDet: Tensor, under context: Context
  ) throws -> (x: Tensor, gradX: Tensor) {
    let x = try saved.tensors.first ?? inverse(y, under: context)
    let (output, inner) =
      saved.children.isEmpty
      ? try conditioner.forward(x, under: context, keep: true) : (saved.tensors[1], saved.children[0])
    let direct = try mapBackward(x, y: y, output: output, gradY: gradY, gradLogDet: gradLogDet)
    let through = try conditioner.backward(x: x, saved: inner, gradOutput: direct.output, under: context)
    return (x, try direct.input + through)
  }

  public func scales(of x: Tensor, under context: Context) throws -> Tensor? {
    try map(conditioner.forward(x, under: context, keep: false).output).scale
  }

  private func apply(_ output: Tensor, to x: Tensor) throws -> (y: Tensor, logDet: Tensor) {
    guard x.runsKernels, output.runsKernels else {
      let map = try map(output)
      return (try map.apply(x), try map.logDet(like: x))
    }
    return try kernel.forward(x, output: output)
  }

  private func mapBackward(
    _ x: Tensor, y: Tensor, output: Tensor, gradY: Tensor, gradLogDet: Tensor
  ) throws -> (input: Tensor, output: Tensor) {
    guard x.runsKernels, output.runsKernels else {
      let found = try map(output).backward(y: y, gradY, gradLogDet: gradLogDet)
      return (found.input, found.output)
    }
    return try kernel.backward(x: x, output: output, gradY: gradY, gradLogDet: gradLogDet)
  }

  private var kernel: ShiftScaleKernel { ShiftScaleKernel(scale: scale, kept: 0) }

  private func map(_ output: Tensor) throws -> CouplingMap {
    try CouplingMap(output, .affine(scale), rescale: nil, transformedPixels: nil)
  }

  /// The inverse where there is no kernel: each round finds at least one more stage of the wavefront, so that all are exact
  /// after as many rounds; it ends earlier where a round changes nothing.
  private func inverseInRounds(_ y: Tensor, under context: Context) throws -> Tensor {
    let (_, height, width, _) = y.imageSizes
    let stages =
      switch order {
      case .down, .up: 2 * height + width - 2
      case .right, .left: 2 * width + height - 2
      }
    var x = try Tensor.zeros(y.shape, y.dtype, on: y.device)
    for round in 1...stages {
      let next = try map(conditioner.forward(x, under: context, keep: false).output).invert(y)
      // Asking waits for the device.
      let isDone = round % 8 == 0 ? try (next - x).magnitude().maximum().item() == 0 : false
      x = next
      if isDone { break }
    }
    return x
  }
}

import Torch

/// RealNVP's conditioner (section 4.1): a residual network of 3x3 convolutions with weight normalization, batch
/// normalization and ReLU, from each stage of which a 1x1 convolution skips to the output.
///
/// The details are the released code's: the input is normalized, shifted and given twice, as its positive and its negative
/// part; the network of a checkerboard coupling is told the mask as one more channel, and takes twice the normalized input,
/// of which the mask has set half to zero.
public final class ResidualConditioner: Conditioner {
  private let mask: CouplingMask
  private let inputShift: Parameter
  private let inputStatistics: RunningStatistics
  private let stem: WeightNormConv
  private let blocks: [ResidualBlock]
  /// From the stem and from each block.
  private let skips: [WeightNormConv]
  private let norm: BatchNormReLU
  private let head: WeightNormConv

  public var parameters: [Parameter] {
    [inputShift] + stem.parameters + skips[0].parameters
      + zip(blocks, skips.dropFirst()).flatMap { $0.parameters + $1.parameters } + norm.parameters + head.parameters
  }

  /// The averages of every batch normalization in the network.
  public var statistics: [RunningStatistics] { [inputStatistics] + blocks.flatMap(\.statistics) + [norm.statistics] }

  /// - Parameters:
  ///   - inputs: the channels that `mask` keeps, or under a checkerboard all.
  ///   - blocks: of two convolutions each.
  public init(
    _ name: String, inputs: Int, hidden: Int, outputs: Int, blocks: Int, mask: CouplingMask,
    like options: TensorOptions, using generator: Generator
  ) throws {
    func conv(
      _ part: String, _ size: Int, from inputs: Int, to outputs: Int, magnitude: Bool = true
    ) throws -> WeightNormConv {
      try WeightNormConv(
        "\(name).\(part)", size: size, inputs: inputs, outputs: outputs, hasMagnitude: magnitude, like: options,
        using: generator)
    }
    self.mask = mask
    inputShift = try Parameter(name + ".input.shift", .zeros([inputs], options.dtype, on: options.device))
    inputStatistics = try RunningStatistics(name + ".input", channels: inputs, like: options)
    stem = try conv("stem", 3, from: 2 * inputs + (mask.isCheckerboard ? 1 : 0), to: hidden, magnitude: false)
    self.blocks = try (0..<blocks).map {
      try ResidualBlock("\(name).block\($0 + 1)", channels: hidden, like: options, using: generator)
    }
    skips = try (0...blocks).map { try conv("skip\($0)", 1, from: hidden, to: hidden) }
    norm = try BatchNormReLU(name + ".norm", channels: hidden, like: options)
    head = try conv("head", 1, from: hidden, to: outputs)
  }

  public func initialize(from x: Tensor, under context: Context) throws -> Tensor {
    try forward(x, under: Context(labels: context.labels, statistics: .first), keep: false).output
  }

  public func forward(_ x: Tensor, under context: Context, keep: Bool) throws -> (output: Tensor, saved: Saved) {
    let (normal, moments) = try inputStatistics.normalize(x, by: context.statistics, bias: inputShift.value)
    let input = try bothParts(normal)
    var stages = [try stem.forward(input)]
    var sum = try skips[0].forward(stages[0])
    var inner: [Saved] = []
    for (block, skip) in zip(blocks, skips.dropFirst()) {
      let (stage, saved) = try block.forward(stages.last!, by: context.statistics, keep: keep)
      if !keep { stages.removeAll() }
      stages.append(stage)
      inner.append(saved)
      sum = try sum + skip.forward(stage)
    }
    let last = try norm.forward(sum, by: context.statistics)
    let output = try head.forward(last.output)
    guard keep else { return (output, .nothing) }
    let activations = Activations(input: input, moments: moments, sum: sum, stages: stages, last: last, blocks: inner)
    return (output, activations.saved)
  }

  public func backward(x: Tensor, saved: Saved, gradOutput: Tensor, under context: Context) throws -> Tensor {
    let kept = Activations(saved)
    let (input, sum, stages, last) = (kept.input, kept.sum, kept.stages, kept.last)
    let gradSum = try norm.backward(
      x: sum, last, gradOutput: head.backward(x: last.output, gradY: gradOutput), by: context.statistics)

    var following: Tensor?
    for (index, stage) in stages.enumerated().reversed() {
      var gradStage = try skips[index].backward(x: stage, gradY: gradSum)
      if let following { gradStage = try gradStage + following }
      guard index > 0 else {
        following = try stem.backward(x: input, gradY: gradStage)
        break
      }
      following = try blocks[index - 1].backward(
        x: stages[index - 1], saved: kept.blocks[index - 1], gradOutput: gradStage,
        by: context.statistics)
    }
    let channels = x.imageSizes.channels
    let gradParts = try following!.reluBackward(output: input)
    let gradNormal = try gradParts.narrowed(3, 0..<channels) - gradParts.narrowed(3, channels..<2 * channels)
    let (gradX, gradShift) = try inputStatistics.backward(
      x: x, moments: kept.moments, gradY: mask.isCheckerboard ? gradNormal * 2 : gradNormal, by: context.statistics)
    try inputShift.gradient.addInPlace(gradShift)
    return gradX
  }

  /// What the backward pass needs besides the input.
  private struct Activations {
    /// What the stem was given: both parts of the normalized input.
    let input: Tensor
    let moments: RunningStatistics.Moments
    /// The sum of the skips, before the last normalization.
    let sum: Tensor
    /// The outputs of the stem and of each block.
    let stages: [Tensor]
    let last: BatchNormReLU.Activation
    let blocks: [Saved]

    var saved: Saved {
      Saved([input, moments.mean, moments.inverseStandardDeviation, sum] + stages, children: [last.saved] + blocks)
    }

    init(
      input: Tensor, moments: RunningStatistics.Moments, sum: Tensor, stages: [Tensor], last: BatchNormReLU.Activation,
      blocks: [Saved]
    ) {
      (self.input, self.moments, self.sum, self.stages) = (input, moments, sum, stages)
      (self.last, self.blocks) = (last, blocks)
    }

    init(_ saved: Saved) {
      let tensors = saved.tensors
      self.init(
        input: tensors[0], moments: .init(mean: tensors[1], inverseStandardDeviation: tensors[2]), sum: tensors[3],
        stages: Array(tensors.dropFirst(4)), last: .init(saved.children[0]), blocks: Array(saved.children.dropFirst()))
    }
  }

  /// The positive and the negative part side by side, and the mask where it is a checkerboard.
  private func bothParts(_ normal: Tensor) throws -> Tensor {
    let (batch, height, width, _) = normal.imageSizes
    guard mask.isCheckerboard else {
      return try Tensor.concatenating([normal, -normal], alongDimension: -1).relu()
    }
    let scaled = try normal * 2
    let marks = try mask.kept(height: height, width: width, like: normal).expanded(to: [batch, height, width, 1])
    return try Tensor.concatenating([scaled, -scaled, marks], alongDimension: -1).relu()
  }
}

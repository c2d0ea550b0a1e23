/// What a layer of a flow is, in numbers of the host's memory: enough to compute it without libtorch.
public enum LayerBlueprint: Sendable {
  /// Channel c at row offset dy and column offset dx goes to channel 4c + 2dy + dx.
  case squeeze
  /// `y = M (s (x + bias))` with `s = exp(logScale)`, at every pixel.
  case mix(bias: [Float], logScale: [Double], MixBlueprint)
  /// The first half of the channels decides the map of the second.
  case coupling(CouplingTransform, ConditionerBlueprint)
  /// Every pixel is mapped by what those before it decide.
  case masked(ScanOrder, CouplingTransform.Scale, ConditionerBlueprint)
}

/// How a step mixes the channels.
public enum MixBlueprint: Sendable {
  /// `y[i] = x[order[i]]`
  case order([Int])
  /// A matrix, row by row.
  case matrix([Float])
  /// `P L (U + diag(sign exp(logDiagonal)))`: row i of what follows P is row `order[i]`. `lower` and `upper` are whole
  /// matrices, of which only the parts beside the diagonal count.
  case factors(lower: [Float], upper: [Float], logDiagonal: [Float], sign: [Float], order: [Int])
}

/// A convolution with an edge channel perhaps, and a scale of its outputs.
public struct ConvolutionBlueprint: Sendable {
  /// `[taps, inputs (+ 1), outputs]`; an edge channel comes last.
  public let weight: [Float]
  /// Channels that go in, without an edge channel.
  public let inputs: Int
  /// Channels that come out.
  public let outputs: Int
  /// Whether one more input is 1 on the padding and 0 inside.
  public let edgeChannel: Bool
  /// Of the nine taps in raster order, those that there are.
  public let taps: [Int]
  /// `[outputs]`, added before the scale.
  public let bias: [Float]
  /// `[outputs]`, the logarithm of what the sum is multiplied by.
  public let logScale: [Double]
  /// `[conditions, outputs]`, added before the scale; nil for none.
  public let embedding: [Float]?

  /// Takes the numbers as they are: whether they are as many as the sizes say is not checked.
  public init(
    weight: [Float], inputs: Int, outputs: Int, edgeChannel: Bool, taps: [Int], bias: [Float], logScale: [Double],
    embedding: [Float]?
  ) {
    self.weight = weight
    self.inputs = inputs
    self.outputs = outputs
    self.edgeChannel = edgeChannel
    self.taps = taps
    self.bias = bias
    self.logScale = logScale
    self.embedding = embedding
  }
}

/// A network of three convolutions, with ReLU after the first two.
public struct ConditionerBlueprint: Sendable {
  /// From what decides to the hidden channels: 3x3, or some of its taps. The bias and the scale are an ActNorm's.
  public let first: ConvolutionBlueprint
  /// 1x1.
  public let second: ConvolutionBlueprint
  /// To the shifts, and after them the raw scales where there are any: 3x3, or some of its taps.
  public let last: ConvolutionBlueprint
}

/// What a condition adds to a prior, at every position or at each.
public struct EmbeddingBlueprint: Sendable {
  /// `[conditions, height, width, channels]`; height and width are 1 where positions share their values.
  public let values: [Float]
  /// `[height, width, channels]` of one condition's values.
  public let shape: [Int]
}

/// The mean and the log standard deviation of a latent, halves of a convolution's outputs.
public struct PriorBlueprint: Sendable {
  /// Of the channels that go on; nil where nothing is predicted. Of the last latent there are none, and its bias and edge channel
  /// alone count.
  public let convolution: ConvolutionBlueprint?
  /// Added to what is predicted, or in its place where nothing is; nil for none.
  public let embedding: EmbeddingBlueprint?
  /// Whether the embedding is of a condition; else its only row is added always.
  public let isConditional: Bool
  /// The most that the log standard deviation may be away from 0; nil for no limit.
  public let limit: Double?

  /// A standard normal latent.
  public static let unit = PriorBlueprint(convolution: nil, embedding: nil, isConditional: false, limit: nil)

  /// Takes the parts as they are: whether they fit each other is not checked.
  public init(convolution: ConvolutionBlueprint?, embedding: EmbeddingBlueprint?, isConditional: Bool, limit: Double?) {
    self.convolution = convolution
    self.embedding = embedding
    self.isConditional = isConditional
    self.limit = limit
  }
}

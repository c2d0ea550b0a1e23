import FlowModels

/// One line of `metrics.jsonl`. Numbers that are not finite are written as `"inf"`, `"-inf"` and `"nan"`.
public struct Metrics: Codable, Sendable {
  /// Images seen so far, counting repetitions.
  public var images: Int
  /// Optimizer steps so far.
  public var step: Int
  /// Seconds of training so far, over all resumes.
  public var seconds: Double
  /// Bits per dimension of the training batches since the line before.
  public var trainBitsPerDimension: Double
  /// The bits per dimension of the averaged weights on validation images, where measured.
  public var validationBitsPerDimension: Double?
  /// The norm of the gradient, before clipping.
  public var gradientNorm: Double
  /// As the last step had it.
  public var learningRate: Double
  /// Images a second since the line before.
  public var imagesPerSecond: Double
  /// The largest |inverse(forward(x)) - x|, measured with the validation, in units of the model's scale.
  public var roundTripError: Double?
  /// The largest condition number of all 1x1 convolutions, measured with the validation.
  public var worstConditionNumber: Double?
  /// The smallest scale of all affine couplings.
  public var smallestScale: Double?
  /// The largest scale of all affine couplings.
  public var largestScale: Double?
  /// Memory of the process, where the system tells.
  public var residentBytes: Int?
  /// Tensors alive in the process: a count that grows shows a leak.
  public var liveTensors: Int?
  /// How many processes train together; nil for one.
  public var ranks: Int?
  /// The part of the time since the line before that rank 0 waited for the others.
  public var waitingShare: Double?
  /// Bytes of the tensors that each rank gave to be reduced, a step.
  public var bytesReducedPerStep: Int?

  package init(
    images: Int, step: Int, seconds: Double, trainBitsPerDimension: Double, validationBitsPerDimension: Double? = nil,
    gradientNorm: Double, learningRate: Double, imagesPerSecond: Double, roundTripError: Double? = nil,
    worstConditionNumber: Double? = nil, residentBytes: Int? = nil, liveTensors: Int? = nil
  ) {
    self.images = images
    self.step = step
    self.seconds = seconds
    self.trainBitsPerDimension = trainBitsPerDimension
    self.validationBitsPerDimension = validationBitsPerDimension
    self.gradientNorm = gradientNorm
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.roundTripError = roundTripError
    self.worstConditionNumber = worstConditionNumber
    self.residentBytes = residentBytes
    self.liveTensors = liveTensors
  }
}

extension Metrics {
  /// The numbers of a line by their names in `metrics.jsonl`; nil where one was not measured.
  public var numbers: [(name: String, value: Double?)] {
    Mirror(reflecting: self).children.compactMap { name, value in
      guard let name else { return nil }
      let kind = type(of: value)
      if kind == Int.self || kind == Int?.self { return (name, (value as? Int).map(Double.init)) }
      return kind == Double.self || kind == Double?.self ? (name, value as? Double) : nil
    }
  }
}

/// One line of `layers.jsonl`: what a validation measured in each layer, by its name.
public struct LayerMetrics: Codable, Sendable, Equatable {
  /// What was measured in one layer; nil where it does not apply.
  public struct Layer: Codable, Sendable, Equatable {
    /// The mean log-determinant, in nats per image.
    public var logDeterminant: Double?
    /// The round-trip error of the layer's own inverse.
    public var roundTripError: Double?
    /// The largest over the smallest singular value, of a 1x1 convolution.
    public var conditionNumber: Double?
    /// The smallest scale on these images, of an affine coupling.
    public var smallestScale: Double?
    /// The largest scale on these images, of an affine coupling.
    public var largestScale: Double?
  }

  /// Images seen in training when they were measured.
  public var images: Int
  /// By the layers' names, such as `level1.step3.actnorm`.
  public var layers: [String: Layer]

  package init(images: Int, _ report: InvertibilityReport) {
    self.images = images
    layers = Self.layers(of: report)
  }

  /// What a report says of each layer.
  package static func layers(of report: InvertibilityReport) -> [String: Layer] {
    Dictionary(
      uniqueKeysWithValues: report.logDeterminants.map { name, logDeterminant in
        let range = report.scaleRanges[name]
        return (
          name,
          Layer(
            logDeterminant: logDeterminant, roundTripError: report.roundTripErrors[name],
            conditionNumber: report.conditionNumbers[name], smallestScale: range?[0], largestScale: range?[1])
        )
      })
  }
}

import FlowModels

/// One line of `metrics.jsonl`. Numbers that are not finite are written as `"inf"`, `"-inf"` and `"nan"`.
public struct Metrics: Codable, Sendable {
  public var images: Int
  public var step: Int
  /// Seconds of training so far, over all resumes.
  public var seconds: Double
  /// Bits per dimension of the training batches since the line before.
  public var trainBitsPerDimension: Double
  /// Of the averaged weights on validation images, where measured.
  public var validationBitsPerDimension: Double?
  /// Before clipping.
  public var gradientNorm: Double
  public var learningRate: Double
  public var imagesPerSecond: Double
  /// Invertibility, measured with the validation.
  public var roundTripError: Double?
  public var worstConditionNumber: Double?
  /// Of all affine couplings.
  public var smallestScale: Double?
  public var largestScale: Double?
  /// Memory of the process, where the system tells.
  public var residentBytes: Int?
  /// Tensors alive in the process: a count that grows shows a leak.
  public var liveTensors: Int?
}

/// One line of `layers.jsonl`: what a validation measured in each layer, by its name.
public struct LayerMetrics: Codable, Sendable, Equatable {
  public struct Layer: Codable, Sendable, Equatable {
    /// The mean, in nats per image.
    public var logDeterminant: Double?
    /// Of the layer's own inverse.
    public var roundTripError: Double?
    public var conditionNumber: Double?
    public var smallestScale: Double?
    public var largestScale: Double?
  }

  public var images: Int
  public var layers: [String: Layer]

  init(images: Int, _ report: InvertibilityReport) {
    self.images = images
    layers = Dictionary(
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

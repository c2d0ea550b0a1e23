/// What a running training tells whoever watches.
public struct TrainingProgress: Sendable {
  public var images: Int
  public var totalImages: Int
  /// Bits per dimension of the last batches, averaged.
  public var bitsPerDimension: Double
  public var imagesPerSecond: Double
  public var secondsLeft: Double
}

/// What a running training tells whoever watches.
public struct TrainingProgress: Sendable {
  /// Images seen so far, counting repetitions.
  public var images: Int
  /// Images to train on, counting repetitions.
  public var totalImages: Int
  /// Bits per dimension of the last batches, averaged.
  public var bitsPerDimension: Double
  /// The mean since the training was started or resumed.
  public var imagesPerSecond: Double
  /// How long the rest takes at that speed.
  public var secondsLeft: Double
}

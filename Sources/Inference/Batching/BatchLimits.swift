/// How the work of concurrent callers is put together.
///
/// ```swift
/// let limits = BatchLimits(size: 32, queue: 256)
/// let model = try await ImageModel("fashion-mnist", limits: limits)
/// ```
public struct BatchLimits: Sendable, Hashable {
  /// The most images in one pass through the model.
  public var size: Int
  /// How long the first of a batch waits for others while the model is idle. While it is busy, those that come wait anyway.
  public var wait: Duration
  /// The most images that may be under way or waiting; a caller beyond it is refused, unless it is alone.
  public var queue: Int
  /// The most images whose latents are kept, so that an edit of an image seen before need not encode it again.
  public var cachedImages: Int

  /// Passes of 64 images, no waiting, 512 images under way and 256 latents kept, unless given.
  public init(size: Int = 64, wait: Duration = .zero, queue: Int = 512, cachedImages: Int = 256) {
    precondition(size > 0 && queue > 0 && cachedImages >= 0 && wait >= .zero, "limits are positive")
    self.size = size
    self.wait = wait
    self.queue = queue
    self.cachedImages = cachedImages
  }
}

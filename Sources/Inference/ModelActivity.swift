import Synchronization

/// What a model does and has done.
public struct ModelActivity: Sendable {
  /// The images against which others are scored.
  public struct Reference: Codable, Sendable {
    /// What the images are, such as a data set, its split and their number.
    public var name: String
    /// The number of images.
    public var count: Int
    /// Their mean.
    public var bitsPerDimension: Double
  }

  /// Images that callers wait for, those in the model included.
  public internal(set) var imagesUnderWay = 0
  /// Passes through the model so far.
  public internal(set) var batches = 0
  /// Images in all passes so far.
  public internal(set) var images = 0
  /// The images against which others are scored; nil before those have scores.
  public internal(set) var reference: Reference?
  /// The time of passes of any kind, lately; 0 before the first.
  public internal(set) var secondsPerImage = 0.0

  /// Of so many images that are left the next few, in pieces of about one size, so that a caller who is told of each hears
  /// something every quarter of a second, or as often as it can.
  func nextPiece(of left: Int) -> Int {
    guard secondsPerImage > 0 else { return 1 }
    let most = min(64, max(1, Int(0.25 / secondsPerImage)))
    let pieces = (left + most - 1) / most
    return (left + pieces - 1) / pieces
  }
}

/// A model's activity, known without a turn on the model's thread, which may be busy: callers that are too many are refused
/// at once.
final class ActivityRecord: Sendable {
  private let queue: Int
  private let state = Mutex(ModelActivity())

  /// - Parameter queue: the most images under way.
  init(queue: Int) { self.queue = queue }

  var value: ModelActivity { state.withLock { $0 } }

  func update(_ body: (inout ModelActivity) -> Void) { state.withLock { body(&$0) } }

  /// Runs `body` as the work of so many images.
  /// - Throws: ``InferenceError/busy(seconds:)``; what `body` throws.
  func admitting<R: Sendable>(_ count: Int, _ body: () async throws -> R) async throws -> R {
    try state.withLock { state in
      guard state.imagesUnderWay == 0 || state.imagesUnderWay + count <= queue else {
        throw InferenceError.busy(seconds: Double(state.imagesUnderWay) * state.secondsPerImage)
      }
      state.imagesUnderWay += count
    }
    defer { update { $0.imagesUnderWay -= count } }
    return try await body()
  }

  /// Counts a pass.
  func count(images: Int, seconds: Double) {
    update { state in
      state.batches += 1
      state.images += images
      let rate = seconds / Double(images)
      state.secondsPerImage = state.secondsPerImage == 0 ? rate : 0.8 * state.secondsPerImage + 0.2 * rate
    }
  }
}

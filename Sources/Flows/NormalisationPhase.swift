/// By which statistics the batch normalisations of one model normalise. The model sets it before each pass; the layers that
/// were made with it read it.
public final class NormalisationPhase {
  public enum Statistics: Sendable {
    /// The running averages: every image by itself. For evaluation and sampling.
    case running
    /// Those of the batch at hand, which its backward pass hands on to the running averages.
    case batch
    /// Those of the batch at hand, which the running averages are set to.
    case first
  }

  public private(set) var statistics = Statistics.running

  public init() {}

  /// Runs `body` with other statistics.
  public func using<R>(_ statistics: Statistics, _ body: () throws -> R) rethrows -> R {
    let before = self.statistics
    self.statistics = statistics
    defer { self.statistics = before }
    return try body()
  }
}

import Files
import Foundation

/// What stops a training run, or keeps one from being read, in one sentence.
public struct TrainingError: Error, LocalizedError, CustomStringConvertible {
  /// What a program may treat apart.
  public enum Kind: Sendable {
    /// Any other failure.
    case other
    /// The guards gave up.
    case diverged
    /// A file of the run could not be written; what was written before is intact.
    case unwritable
  }

  public let description: String
  /// What a program may treat apart.
  public let kind: Kind
  public var errorDescription: String? { description }

  package init(_ description: String, _ kind: Kind = .other) {
    self.description = printable(description)
    self.kind = kind
  }

  /// The failure of a system call on `url`, from `errno`.
  package static func system(_ verb: String, _ url: URL) -> TrainingError {
    TrainingError("cannot \(verb) \(url.path): \(String(cString: strerror(errno)))")
  }
}

import Files
import Foundation

/// What stops a training run, in one sentence.
public struct TrainingError: Error, LocalizedError, CustomStringConvertible {
  public let description: String
  public var errorDescription: String? { description }

  init(_ description: String) { self.description = printable(description) }

  /// The failure of a system call on `url`, from `errno`.
  static func system(_ verb: String, _ url: URL) -> TrainingError {
    TrainingError("cannot \(verb) \(url.path): \(String(cString: strerror(errno)))")
  }
}

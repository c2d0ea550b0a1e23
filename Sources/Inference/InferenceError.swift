import Files
import Foundation

/// Why a model does not do what it is asked.
public enum InferenceError: Error, Sendable, Equatable {
  /// A value that makes no sense: which, and what was expected.
  case request(field: String, problem: String)
  /// More images wait already than may; how many seconds those will take.
  case busy(seconds: Double)
}

extension InferenceError: LocalizedError, CustomStringConvertible {
  public var errorDescription: String? { description }

  public var description: String {
    switch self {
    case .request(let field, let problem): printable("\(field) \(problem)")
    case .busy(let seconds): "too many images wait for the model: try again in \(max(1, Int(seconds.rounded(.up)))) s"
    }
  }
}

import Files
import Foundation

/// What can be wrong with a model's configuration, its checkpoint or what it is asked for.
public enum ModelError: Error, LocalizedError, CustomStringConvertible {
  case invalid(field: String, value: String, expected: String)
  /// A checkpoint that cannot be used: which file, and why.
  case checkpoint(file: String, reason: String)
  case request(String)

  public var description: String {
    switch self {
    case .invalid(let field, let value, let expected): printable("\(field) is \(value), expected \(expected)")
    case .checkpoint(let file, let reason): printable("\(file): \(reason)")
    case .request(let text): printable(text)
    }
  }

  public var errorDescription: String? { description }
}

import Files
import Foundation

/// What can be wrong with a model's configuration, its checkpoint or what it is asked for.
public enum ModelError: Error, LocalizedError, CustomStringConvertible {
  /// A field of a configuration, or a setting, that has a value which it cannot have.
  case invalid(field: String, value: String, expected: String)
  /// A file that cannot be used: which, and why.
  case file(String, reason: String)
  /// What a model cannot do, or not with what it was given: a sentence.
  case request(String)

  public var description: String {
    switch self {
    case .invalid(let field, let value, let expected): printable("\(field) is \(value), expected \(expected)")
    case .file(let file, let reason): printable("\(file): \(reason)")
    case .request(let text): printable(text)
    }
  }

  public var errorDescription: String? { description }

  /// - Throws: ``invalid(field:value:expected:)`` unless `condition` holds.
  package static func require(
    _ condition: Bool, _ field: String, _ value: some CustomStringConvertible, _ expected: String
  ) throws {
    guard condition else { throw invalid(field: field, value: "\(value)", expected: expected) }
  }
}

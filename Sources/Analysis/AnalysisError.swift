import Files
import Foundation

/// What can be wrong with what an analysis is given. Each case reads as a sentence.
public enum AnalysisError: Error, Sendable, Equatable {
  /// A file that cannot be used: which, and why.
  case file(file: String, reason: String)
  /// A file with directions of attributes that are not the model's.
  case directions(AttributeDirections.Misfit, file: String, reason: String)
  /// Something about an attribute, by name.
  case attribute(name: String, problem: String)
  /// A data set that lacks what is needed.
  case dataset(name: String, problem: String)
  /// What was asked for and cannot be: a sentence.
  case request(String)
}

extension AnalysisError: LocalizedError, CustomStringConvertible {
  public var errorDescription: String? { description }

  public var description: String { printable(sentence) }

  private var sentence: String {
    switch self {
    case .file(let file, let reason), .directions(_, let file, let reason): "\(file): \(reason)"
    case .attribute(let name, let problem): "attribute \"\(name)\" \(problem)"
    case .dataset(let name, let problem): "\(name): \(problem)"
    case .request(let text): text
    }
  }
}

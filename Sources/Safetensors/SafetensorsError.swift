import Files
import Foundation

/// What is wrong with a safetensors file, or why one could not be read or written.
///
/// Its description is one sentence that names the file, the tensor where there is one, what was found and what was
/// expected.
public struct SafetensorsError: Error, Hashable, Sendable {
  /// The path of the file.
  public let file: String
  /// The tensor at fault, where the fault is within one.
  public let tensor: String?
  /// The rest of the sentence: `has ..., but ...`.
  public let problem: String
  /// What the system gave as its reason (`errno`), where it is what refused.
  public let systemCode: Int32?

  package init(file: String, tensor: String? = nil, _ problem: String, systemCode: Int32? = nil) {
    self.file = file
    self.tensor = tensor
    self.problem = problem
    self.systemCode = systemCode
  }

  /// That the system refused to do something with a file.
  init(file: String, cannotBe verb: String, _ error: POSIXError) {
    self.init(file: file, "cannot be \(verb): \(error.systemReason)", systemCode: error.code.rawValue)
  }
}

extension SafetensorsError: CustomStringConvertible, LocalizedError {
  /// The whole sentence.
  public var description: String {
    let path = Self.quote(file, limit: .max)
    guard let tensor else { return "Safetensors file \(path) \(problem)." }
    return "Tensor \(Self.quote(tensor)) of safetensors file \(path) \(problem)."
  }

  /// The same sentence, for `localizedDescription`.
  public var errorDescription: String? { description }
}

extension SafetensorsError {
  /// Text from a file in quotes, fit for one line of a terminal.
  static func quote(_ text: String, limit: Int = 200) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(printable(escaped, limit: limit))\""
  }

  /// A shape as text, cut where it is long.
  static func show(_ shape: [Int]) -> String {
    let limit = 16
    return "[" + shape.prefix(limit).map(String.init).joined(separator: ", ") + (shape.count > limit ? ", …]" : "]")
  }
}

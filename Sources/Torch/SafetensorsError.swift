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

  init(file: String, tensor: String? = nil, _ problem: String, systemCode: Int32? = nil) {
    self.file = file
    self.tensor = tensor
    self.problem = problem
    self.systemCode = systemCode
  }

  /// That the system refused to do something with a file.
  init(file: String, cannotBe verb: String, _ code: Int32) {
    self.init(file: file, "cannot be \(verb): \(String(cString: strerror(code)))", systemCode: code)
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
  /// Text from a file in quotes, fit for one line of a terminal: cut where it is long, with what would not print (line
  /// breaks, control characters, marks that turn the direction of text) escaped.
  static func quote(_ text: String, limit: Int = 200) -> String {
    var (quoted, count) = ("", 0)
    for scalar in text.unicodeScalars {
      var part = scalar == "\"" || scalar == "\\" ? "\\" + String(scalar) : String(scalar)
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        part = "\\u{\(String(scalar.value, radix: 16))}"
      default: break
      }
      count += part.unicodeScalars.count
      if count > limit { return "\"\(quoted)…\"" }
      quoted += part
    }
    return "\"\(quoted)\""
  }

  /// A shape as text, cut where it is long.
  static func show(_ shape: [Int]) -> String {
    let limit = 16
    return "[" + shape.prefix(limit).map(String.init).joined(separator: ", ") + (shape.count > limit ? ", …]" : "]")
  }

  /// What the operating system says about an error number.
  static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

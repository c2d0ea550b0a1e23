/// What the `{...}` in a layout's names stand for: words, and numbers with their sums and differences.
struct LayoutScope {
  var words: [String: String] = [:]
  var numbers: [String: Int] = [:]

  /// A name that the scope does not know.
  struct Unknown: Error {
    let name: String
    let pattern: String
  }

  func expand(_ pattern: String) throws -> String {
    try Self.parts(of: pattern).reduce(into: "") { text, part in
      if !part.isExpression {
        text += part.text
      } else if let word = words[String(part.text)] {
        text += word
      } else {
        text += "\(try value(of: part.text, in: pattern))"
      }
    }
  }

  /// The number that `text` is: digits, or an expression in braces.
  func number(_ text: String) throws -> Int {
    let expression = text.hasPrefix("{") && text.hasSuffix("}") ? text.dropFirst().dropLast() : text[...]
    return try value(of: expression, in: text)
  }

  /// The names in the expressions of `patterns`.
  static func names(in patterns: [String]) -> Set<String> {
    Set(
      patterns.flatMap { parts(of: $0) }.filter(\.isExpression).flatMap { part in
        part.text.split { $0 == "+" || $0 == "-" }.map(String.init)
      })
  }

  private func value(of expression: Substring, in pattern: String) throws -> Int {
    var sum = 0
    var (sign, rest) = (1, expression)
    while true {
      let end = rest.firstIndex { $0 == "+" || $0 == "-" } ?? rest.endIndex
      let term = String(rest[..<end])
      guard let value = Int(term) ?? numbers[term] else { throw Unknown(name: term, pattern: pattern) }
      // A sum that does not fit is no size of a tensor, whatever it becomes.
      sum &+= sign &* value
      guard end < rest.endIndex else { return sum }
      sign = rest[end] == "+" ? 1 : -1
      rest = rest[rest.index(after: end)...]
    }
  }

  private static func parts(of pattern: String) -> [(text: Substring, isExpression: Bool)] {
    var parts: [(Substring, Bool)] = []
    var rest = pattern[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      parts.append((rest[..<open], false))
      parts.append((rest[rest.index(after: open)..<close], true))
      rest = rest[rest.index(after: close)...]
    }
    parts.append((rest, false))
    return parts
  }
}

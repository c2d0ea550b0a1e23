/// What the `{...}` in a layout's names stand for: words, and numbers with their sums, differences and products.
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
        part.text.split(whereSeparator: "+-*()".contains).map(String.init)
      })
  }

  private func value(of expression: Substring, in pattern: String) throws -> Int {
    var reader = ExpressionReader(rest: expression, pattern: pattern, numbers: numbers)
    let value = try reader.sum(depth: 0)
    guard reader.rest.isEmpty else { throw Unknown(name: String(reader.rest), pattern: pattern) }
    return value
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

/// Reads `(level-1)*(steps+2)+step` from the front. Numbers that do not fit wrap: they are no size of a tensor, whatever they
/// become.
private struct ExpressionReader {
  var rest: Substring
  let pattern: String
  let numbers: [String: Int]
  /// Deeper ones are no names that a person wrote.
  private static let greatestDepth = 16

  init(rest: Substring, pattern: String, numbers: [String: Int]) {
    (self.rest, self.pattern, self.numbers) = (rest, pattern, numbers)
  }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func sum(depth: Int) throws -> Int {
    var sum = try product(depth: depth)
    while true {
      if take("+") {
        sum &+= try product(depth: depth)
      } else if take("-") {
        sum &-= try product(depth: depth)
      } else {
        return sum
      }
    }
  }

  private mutating func product(depth: Int) throws -> Int {
    var product = try factor(depth: depth)
    while take("*") { product &*= try factor(depth: depth) }
    return product
  }

  private mutating func factor(depth: Int) throws -> Int {
    if rest.first == "(", depth < Self.greatestDepth {
      let all = rest
      rest = rest.dropFirst()
      let sum = try sum(depth: depth + 1)
      guard take(")") else { throw LayoutScope.Unknown(name: String(all), pattern: pattern) }
      return sum
    }
    let end = rest.firstIndex(where: "+-*()".contains) ?? rest.endIndex
    let term = String(rest[..<end])
    guard let value = Int(term) ?? numbers[term] else { throw LayoutScope.Unknown(name: term, pattern: pattern) }
    rest = rest[end...]
    return value
  }
}

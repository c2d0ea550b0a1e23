/// Any JSON, with booleans told from numbers. Text is read by ``init(parsing:depth:count:)``; as a part of what
/// `JSONDecoder` decodes it costs far more, since that does not tell what it has met.
package enum JSONValue: Codable, Sendable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value):
      // A whole number as one.
      if let integer = Int(exactly: value) { try container.encode(integer) } else { try container.encode(value) }
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// A whole number that a double tells from its neighbors.
  package var integer: Int? {
    guard case .number(let value) = self, value.magnitude < 0x1p53 else { return nil }
    return Int(exactly: value)
  }

  /// The path of the first field with a value that `known` lacks, such as `glow.steps`; nil where there is none.
  package func field(missingIn known: JSONValue) -> String? { field(missingIn: known, path: "") }

  private func field(missingIn known: JSONValue, path: String) -> String? {
    switch (self, known) {
    case (.object(let fields), .object(let others)):
      return fields.sorted { $0.key < $1.key }.lazy.compactMap { name, value -> String? in
        let path = path.isEmpty ? printable(name) : "\(path).\(printable(name))"
        guard let other = others[name] else { return value == .null ? nil : path }
        return value.field(missingIn: other, path: path)
      }.first
    case (.array(let values), .array(let others)):
      return zip(values, others).enumerated().lazy
        .compactMap { $1.0.field(missingIn: $1.1, path: "\(path)[\($0)]") }.first
    default: return nil
    }
  }

  /// This object with the fields of another in place of its own, at any depth.
  package func overlaid(with other: JSONValue) -> JSONValue {
    guard case .object(let own) = self, case .object(let others) = other else { return other }
    return .object(own.merging(others) { $0.overlaid(with: $1) })
  }

  /// For a sentence; cut where it is long.
  package var shown: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
    case .string(let value):
      // Scalars: a letter may go on for megabytes.
      "\"\(String(value.unicodeScalars.prefix(40)))\(value.unicodeScalars.dropFirst(40).isEmpty ? "" : "…")\""
    case .array(let values): "a list of \(values.count)"
    case .object: "an object"
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// As a person would write it in a line: words without quotes.
  package var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
    case .string(let value): value
    case .array(let values): "\(values.map(\.description))"
    case .object(let fields):
      fields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}

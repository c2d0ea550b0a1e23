import Foundation

/// Settings as names and values, to be compared: `{"a": {"b": 1}}` is `a.b` with value 1.
public struct SettingsTable: Codable, Sendable, Equatable {
  private let values: [String: String]

  /// Takes settings apart into names and values.
  /// - Throws: `EncodingError` for settings that are no JSON, such as a number that is not finite.
  public init(_ settings: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let object = try JSONSerialization.jsonObject(with: encoder.encode(settings), options: .fragmentsAllowed)
    var values: [String: String] = [:]
    Self.flatten(object, "", into: &values)
    self.values = values
  }

  /// The first name, in alphabetical order, whose value is another.
  public func difference(from other: SettingsTable) -> (name: String, own: String, other: String)? {
    let names = Set(values.keys).union(other.values.keys).sorted()
    return names.first { values[$0] != other.values[$0] }.map { name in
      (name, values[name] ?? "no value", other.values[name] ?? "no value")
    }
  }

  private static func flatten(_ object: Any, _ name: String, into values: inout [String: String]) {
    switch object {
    case let fields as [String: Any]:
      for (key, value) in fields { flatten(value, name.isEmpty ? key : "\(name).\(key)", into: &values) }
    case let list as [Any]: values[name] = "[" + list.map { "\($0)" }.joined(separator: ", ") + "]"
    default: values[name] = "\(object)"
    }
  }
}

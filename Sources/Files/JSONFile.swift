import Foundation

/// What is wrong with JSON, as the rest of a sentence that begins with the file: `field glow.steps is missing`.
package struct JSONProblem: Error, CustomStringConvertible, Equatable {
  package let description: String

  package init(description: String) { self.description = description }
}

/// JSON of the project's own files.
package enum JSONFile {
  /// Decodes JSON that is as strict as ``JSONValue/init(parsing:depth:count:)`` asks: `JSONDecoder` alone takes, and drops,
  /// keys that stand twice.
  /// - Parameter decoder: ``decoder`` where a number may be infinite or none.
  /// - Throws: ``JSONProblem``, naming the field.
  package static func decode<T: Decodable>(
    _ type: T.Type, from data: Data, _ decoder: JSONDecoder = JSONDecoder()
  ) throws(JSONProblem) -> T {
    _ = try JSONValue(parsing: data)
    do { return try decoder.decode(type, from: data) } catch let error as DecodingError {
      throw JSONProblem(description: problem(error))
    } catch { throw JSONProblem(description: "cannot be decoded: \(error)") }
  }

  private static func problem(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "field \(path(context.codingPath + [key])) is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "field \(path(context.codingPath)) has the wrong type: expected \(kind(of: type))"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      "field \(path(context.codingPath)) is wrong: \(context.debugDescription)"
    // It says no more of a number that does not fit its field.
    case .dataCorrupted:
      "holds a number that its field cannot take: a fraction for a count, or one that is too large"
    @unknown default: "\(error)"
    }
  }

  private static func kind(of type: Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "an object"
    }
  }

  /// `a.b[2]`
  private static func path(_ keys: [any CodingKey]) -> String {
    guard let first = keys.first else { return "(the whole file)" }
    return keys.dropFirst().reduce(first.stringValue) { path, key in
      path + (key.intValue.map { "[\($0)]" } ?? "." + key.stringValue)
    }
  }

  /// Also reads numbers that are not finite, as the encoders here write them.
  package static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// For people and programs: indented, fields in order, dates as ISO 8601; infinities and not-a-number as strings.
  package static func pretty(_ value: some Encodable) throws -> Data {
    try encoder([.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]).encode(value)
  }

  /// One line, without its end, fields in order.
  package static func line(_ value: some Encodable) throws -> Data {
    try encoder([.sortedKeys, .withoutEscapingSlashes]).encode(value)
  }

  private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }
}

/// A key of whatever name.
package struct AnyKey: CodingKey {
  package let stringValue: String
  package var intValue: Int? { nil }

  package init(stringValue: String) { self.stringValue = stringValue }
  package init?(intValue: Int) { nil }
}

extension Decoder {
  /// Throws a `DecodingError` if the object here has a key that `Key` lacks.
  package func requireKeys<Key: CodingKey & CaseIterable>(_ type: Key.Type) throws {
    let known = Set(Key.allCases.map(\.stringValue))
    let container = try container(keyedBy: AnyKey.self)
    guard let stranger = container.allKeys.map(\.stringValue).sorted().first(where: { !known.contains($0) }) else {
      return
    }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath + [AnyKey(stringValue: stranger)],
        debugDescription: "there is no such field, expected one of \(known.sorted().joined(separator: ", "))"))
  }
}

import Files
import Foundation

/// The fields of a JSON object that a request holds, each taken once; what is left over at the end is refused.
struct RequestFields {
  private var fields: [String: JSONValue]
  /// Where the object is, such as `images[2]`; empty for the whole body.
  private let place: String

  /// More take too long to read, and no request needs them.
  private static let mostValues = 100_000
  /// Lists and objects within each other; no request has more than five.
  private static let depth = 16
  /// In bytes. Strings that differ in how letters are composed are equal, and to tell takes time by the square of their
  /// length.
  private static let longestKey = 256
  /// Values by name that are looked at, where there are fewer names.
  private static let mostNames = 64

  /// - Parameter name: what errors call the bytes.
  /// - Throws: ``Problem`` for what is no JSON, or no object.
  init(_ body: some ContiguousBytes, called name: String = "the body") throws {
    let value: JSONValue
    do {
      value = try JSONValue(
        parsing: body, depth: Self.depth, count: Self.mostValues, longestKey: Self.longestKey)
    } catch {
      throw Problem(.badRequest, "\(name) is \(error)")
    }
    try self.init(value, at: "")
  }

  init() { (fields, place) = ([:], "") }

  init(_ value: JSONValue, at place: String) throws {
    guard case .object(let fields) = value else {
      throw Problem(
        .badRequest, "\(place.isEmpty ? "the body" : place) is \(value.shown), expected an object", field: place)
    }
    (self.fields, self.place) = (fields, place)
  }

  func name(_ field: String) -> String { place.isEmpty ? field : "\(place).\(field)" }

  func has(_ field: String) -> Bool { fields[field] != nil }

  func wrong(_ field: String, _ value: JSONValue, _ expected: String) -> Problem {
    Problem(.badRequest, "\(name(field)) is \(value.shown), expected \(expected)", field: name(field))
  }

  mutating func value(_ field: String) -> JSONValue? { fields.removeValue(forKey: field) }

  mutating func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = value(field) else { return nil }
    guard let integer = value.integer, range.contains(integer) else {
      throw wrong(field, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  mutating func integers(_ field: String, in range: ClosedRange<Int>, count: ClosedRange<Int>) throws -> [Int]? {
    guard let value = value(field) else { return nil }
    guard case .array(let values) = value, count.contains(values.count) else {
      throw wrong(field, value, "a list of \(Self.text(count)) numbers")
    }
    return try values.enumerated().map { number, element in
      guard let integer = element.integer, range.contains(integer) else {
        throw wrong(
          "\(field)[\(number)]", element, "a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return integer
    }
  }

  mutating func flag(_ field: String) throws -> Bool? {
    guard let value = value(field) else { return nil }
    guard case .bool(let flag) = value else { throw wrong(field, value, "true or false") }
    return flag
  }

  mutating func number(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = value(field) else { return nil }
    guard case .number(let number) = value, range.contains(number) else {
      throw wrong(field, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number, or a list of them.
  mutating func numbers(_ field: String, in range: ClosedRange<Double>, count: Int) throws -> [Double]? {
    guard let value = value(field) else { return nil }
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    switch value {
    case .number(let number) where range.contains(number): return [number]
    case .array(let values) where values.count == count:
      return try values.enumerated().map { number, element in
        guard case .number(let value) = element, range.contains(value) else {
          throw wrong("\(field)[\(number)]", element, expected)
        }
        return value
      }
    default: throw wrong(field, value, "\(expected), or a list of \(count)")
    }
  }

  mutating func list(_ field: String, count: ClosedRange<Int>, of what: String) throws -> [JSONValue]? {
    guard let value = value(field) else { return nil }
    guard case .array(let values) = value, count.contains(values.count) else {
      throw wrong(field, value, "a list of \(Self.text(count)) \(what)")
    }
    return values
  }

  mutating func string(_ field: String) throws -> String? {
    guard let value = value(field) else { return nil }
    guard case .string(let text) = value else { throw wrong(field, value, "text") }
    return text
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String, _ type: Choice.Type) throws -> Choice?
  where Choice.RawValue == String {
    guard let value = value(field) else { return nil }
    // By bytes: to know long strings of combining marks as equal takes time by the square of their length.
    guard case .string(let text) = value,
      let choice = Choice.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
    else {
      throw wrong(field, value, Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or "))
    }
    return choice
  }

  mutating func object(_ field: String) throws -> RequestFields? {
    guard let value = value(field) else { return nil }
    return try RequestFields(value, at: name(field))
  }

  /// Each within `range`, by name.
  /// - Parameters:
  ///   - names: those that there are.
  ///   - what: what errors say that another name is not.
  mutating func numbers(
    _ field: String, by names: [String], of what: String, in range: ClosedRange<Double>
  ) throws -> [String: Double]? {
    try value(field).map { try numbers($0, at: field, by: names, of: what, in: range) }
  }

  /// The same, once or in a list.
  mutating func numbersOrList(
    _ field: String, by names: [String], of what: String, in range: ClosedRange<Double>, count: ClosedRange<Int>
  ) throws -> [[String: Double]]? {
    guard let value = value(field) else { return nil }
    guard case .array(let values) = value else {
      return [try numbers(value, at: field, by: names, of: what, in: range)]
    }
    guard count.contains(values.count) else {
      throw wrong(field, value, "an object of numbers, or a list of \(Self.text(count))")
    }
    return try values.enumerated().map { number, element in
      try numbers(element, at: "\(field)[\(number)]", by: names, of: what, in: range)
    }
  }

  private func numbers(
    _ value: JSONValue, at field: String, by names: [String], of what: String, in range: ClosedRange<Double>
  ) throws -> [String: Double] {
    guard case .object(let values) = value else { throw wrong(field, value, "an object of numbers") }
    let most = max(names.count, Self.mostNames)
    guard values.count <= most else {
      throw Problem(
        .badRequest, "\(name(field)) holds \(values.count) numbers, expected at most \(most)", field: name(field))
    }
    let given = values.sorted { $0.key.precedes($1.key) }
    if let stranger = given.first(where: { !names.contains($0.key) })?.key {
      let place = "\(name(field)).\(stranger)"
      throw Problem(.badRequest, "\(place) is no \(what)", field: place)
    }
    return try Dictionary(
      uniqueKeysWithValues: given.map { name, element in
        guard case .number(let number) = element, range.contains(number) else {
          throw wrong("\(field).\(name)", element, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return (name, number)
      })
  }

  /// - Throws: ``Problem`` naming a field that was not taken.
  func finish() throws {
    guard let stranger = fields.keys.min(by: { $0.precedes($1) }) else { return }
    throw Problem(.badRequest, "\(name(stranger)) is no field of this request", field: name(stranger))
  }

  private static func text(_ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }
}

extension String {
  /// By bytes, which takes time by the length whatever they are.
  fileprivate func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

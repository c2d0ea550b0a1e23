import Files
import FlowModels
import Foundation

/// JSON of any depth, as requests bring it: what is read, Foundation reads too, and as the same.
struct JSONFuzzing: FuzzedParser {
  static let name = "json"
  private static let depth = 16
  private let file: String

  init(folder: URL) { file = folder.appending(path: "body.json").path }

  func seeds() -> [[UInt8]] {
    let deepest =
      String(repeating: "[{\"a\":", count: Self.depth / 2) + "1" + String(repeating: "}]", count: Self.depth / 2)
    return [
      #"{"count": 4, "temperature": [0.5, -1e-3], "like": {"image": {"data": "iVBOR\/w0KGgo=\n"}}, "a": null}"#,
      #"[true, false, "\ud83d\ude00\u0000é", 1E+2, [], {}]"#, deepest,
    ].map { Array($0.utf8) }
  }

  func parse(_ bytes: [UInt8]) throws {
    let value: JSONValue
    do { value = try JSONValue(parsing: bytes, depth: Self.depth, count: 1000) } catch {
      throw ModelError.file(file, reason: "\(error)")
    }
    guard Self.depth(of: value) <= Self.depth else { throw Disagreement(value: value) }
    let other = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    guard Self.isSame(value, other) else { throw Disagreement(value: value) }
  }

  /// The parser takes for JSON what is none, or reads it as something else.
  private struct Disagreement: Error { let value: JSONValue }

  private static func depth(of value: JSONValue) -> Int {
    switch value {
    case .array(let values): 1 + (values.map(depth(of:)).max() ?? 0)
    case .object(let fields): 1 + (fields.values.map(depth(of:)).max() ?? 0)
    default: 0
    }
  }

  private static func isSame(_ value: JSONValue, _ other: Any) -> Bool {
    switch value {
    case .null: return other is NSNull
    case .bool(let value): return other as? Bool == value
    // Foundation's last digit may differ.
    case .number(let value):
      guard let other = (other as? NSNumber)?.doubleValue else { return false }
      return abs(value - other) <= 1e-15 * abs(value)
    case .string(let value):
      return (other as? String).map { $0.unicodeScalars.elementsEqual(value.unicodeScalars) } ?? false
    case .array(let values):
      guard let other = other as? [Any], other.count == values.count else { return false }
      return zip(values, other).allSatisfy { isSame($0, $1) }
    case .object(let fields):
      guard let other = other as? [String: Any], other.count == fields.count else { return false }
      return fields.allSatisfy { key, value in other[key].map { isSame(value, $0) } ?? false }
    }
  }
}

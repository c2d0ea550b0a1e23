import Files
import Foundation
import Testing

/// What is JSON and what is not, after RFC 8259.
@Suite struct JSONParserTests {
  private func parse(_ text: String, depth: Int = 16, count: Int = 1000) -> Result<JSONValue, JSONProblem> {
    parse(Array(text.utf8), depth: depth, count: count)
  }

  private func parse(_ bytes: [UInt8], depth: Int = 16, count: Int = 1000) -> Result<JSONValue, JSONProblem> {
    do { return .success(try JSONValue(parsing: bytes, depth: depth, count: count)) } catch { return .failure(error) }
  }

  private func problem(_ text: String) -> String? {
    if case .failure(let problem) = parse(text) { problem.description } else { nil }
  }

  @Test func whatIsJSON() throws {
    let cases: [(String, JSONValue)] = [
      ("null", .null), (" true\n", true), ("false", false), ("0", 0), ("-0.5e+2", -50), ("1E2", 100), ("[]", []),
      ("{}", [:]), ("[1 , \"a\", {\"b\" :[null]}]", [1, "a", ["b": [.null]]]), ("\"\"", ""),
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\u0041\uD83D\ude00""#, "éA😀"),
      ("\"é😀\"", "é😀"), (#""a\u0000b""#, "a\u{0}b"), ("{\"\": 1, \"a\": 2}", ["": 1, "a": 2]), ("1e-999999", 0),
      ("9007199254740993", 9_007_199_254_740_992), ("\t[\r\n1]", [1]), ("\"\u{7f}\"", "\u{7f}"),
      ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
    ]
    for (text, value) in cases { #expect(try parse(text).get() == value, "\(text)") }
  }

  @Test func whatIsNot() {
    for text in [
      "", " ", "[", "]", "{", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
      "{,}", "{a: 1}", "{'a': 1}", "{1: 2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "1 2", "{} {}", "nul", "NULL", "True",
      "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x10", "1_000", "1e1.5",
      "\"", "\"a", "'a'", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "\"\u{0}\"", "// x",
      "[1] // x", "/* */ 1", "undefined", "[\u{a0}1]", "\u{feff}1", "1\u{0}", #""\ud800""#, #""\udc00""#,
      #""\ud800\u0041""#, #""\ud800x""#, "1e999999", "-1e400", "[1}", "{\"a\": [}", "tru", "falsee",
    ] { #expect(problem(text) != nil, "\(text)") }
    for bytes in [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF, 0xFE, 0x31, 0x00],
      [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
    ] as [[UInt8]] {
      #expect(throws: JSONProblem.self, "\(bytes)") { try parse(bytes).get() }
    }
  }

  @Test func sentencesSayWhere() {
    #expect(problem("[1,\n 2,]") == "not valid JSON: a comma before ] at line 2, column 4")
    #expect(problem("{\"a\": 1, \"a\": 2}") == "JSON with the key \"a\" twice in one object at line 1, column 10")
    #expect(problem("{\"a\": NaN}") == "not valid JSON: N where a value is expected at line 1, column 7")
    #expect(problem("[1") == "not valid JSON: an end where a comma or ] is expected at line 1, column 3")
    #expect(problem("\u{feff}{}")?.contains("byte order mark") == true)
    #expect(problem("1e400") == "JSON with a number that is too large, 1e400, at line 1, column 1")
  }

  @Test func keysThatAreOneForSwift() {
    // Composed and not: a dictionary holds one of them.
    #expect(problem("{\"\u{e9}\": 1, \"e\u{301}\": 2}")?.contains("twice") == true)
    #expect(problem(#"{"a": 1, "\u0061": 2}"#)?.contains("twice") == true)
    #expect(problem(#"[{"a": 1}, {"a": {"a": 2}}]"#) == nil)
  }

  @Test func limitsHold() {
    func nested(_ depth: Int, _ open: String = "[", _ close: String = "]") -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    #expect(problem(nested(16)) == nil && problem(nested(16, "{\"a\":", "}")) == nil)
    #expect(problem(nested(17))?.contains("nested more than 16 deep at line 1, column 17") == true)
    #expect(problem(nested(17, "{\"a\":", "}"))?.contains("nested") == true)
    #expect(problem("[" + String(repeating: "1,", count: 998) + "1]") == nil)
    #expect(problem("[" + String(repeating: "1,", count: 999) + "1]")?.contains("more than 1000 values") == true)
    #expect(problem("{\"\(String(repeating: "a", count: 998))\": 1}") == nil)
    #expect(problem("{\"\(String(repeating: "a", count: 1001))\": 1}")?.contains("key of more than") == true)
    #expect(problem(String(repeating: "1", count: 300)) == nil)
    #expect(problem(String(repeating: "1", count: 100_000))?.contains("1200 characters") == true)
  }

  /// Each of these took minutes or more in a parser that is not in proportion to its bytes.
  @Test func noShapeOfTextTakesLong() throws {
    let clock = ContinuousClock()
    let shapes: [(String, String)] = [
      ("open brackets", String(repeating: "[", count: 8_000_000)),
      ("objects that open", String(repeating: "{\"a\":", count: 2_000_000)),
      ("one string", "\"" + String(repeating: "a", count: 8_000_000) + "\""),
      ("escapes", "\"" + String(repeating: "\\n", count: 2_000_000) + "\""),
      ("combining marks", "\"" + String(repeating: "\u{301}\u{316}", count: 2_000_000) + "\""),
      ("a key of them", "{\"" + String(repeating: "\u{301}\u{316}", count: 1_000_000) + "\": 1}"),
      (
        "many keys",
        "{" + (0..<100_000).map { "\"\($0)\u{316}\u{301}\u{327}\": 1" }.joined(separator: ",") + "}"
      ),
      ("digits", String(repeating: "9", count: 8_000_000)), ("spaces", String(repeating: " ", count: 8_000_000)),
    ]
    for (name, text) in shapes {
      let time = clock.measure { if case .success(let value) = parse(text, count: 200_000) { _ = value.shown } }
      #expect(time < .seconds(10), "\(name)")
    }
  }

  @Test func theSameAsFoundationsParserReads() throws {
    var state: UInt64 = 1
    func next(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    func value(_ depth: Int) -> Any {
      switch next(below: depth > 0 ? 7 : 5) {
      case 0: return NSNull()
      case 1: return next(below: 2) == 0
      case 2: return next(below: 1_000_000) - 500_000
      case 3: return Double(next(below: 1 << 30)) / 1024 * (next(below: 2) == 0 ? -1e-9 : 1e12)
      case 4:
        return String(
          (0..<next(below: 12)).map { _ in ["a", "\"", "\\", "/", "\n", "é", "😀", "\u{1}"][next(below: 8)] }.joined())
      case 5: return (0..<next(below: 5)).map { _ in value(depth - 1) }
      default: return Dictionary((0..<next(below: 5)).map { _ in ("k\(next(below: 100))", value(depth - 1)) }) { $1 }
      }
    }
    func matches(_ a: JSONValue, _ b: Any) -> Bool {
      switch a {
      case .null: b is NSNull
      case .bool(let a): (b as? Bool) == a
      // Foundation's last digit may differ.
      case .number(let a): (b as? NSNumber).map { abs($0.doubleValue - a) <= 1e-15 * abs(a) } ?? false
      case .string(let a): (b as? String) == a
      case .array(let a):
        (b as? [Any]).map { b in a.count == b.count && zip(a, b).allSatisfy { matches($0, $1) } } ?? false
      case .object(let a):
        (b as? [String: Any]).map { b in a.count == b.count && a.allSatisfy { matches($1, b[$0] ?? 0) } } ?? false
      }
    }
    for _ in 0..<200 {
      let data = try JSONSerialization.data(withJSONObject: value(4), options: [.fragmentsAllowed])
      let read = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
      #expect(try matches(JSONValue(parsing: data), read), "\(String(decoding: data, as: UTF8.self))")
    }
  }
}

@Suite struct StrictFileTests {
  /// `JSONDecoder` takes the last of them, in silence.
  @Test func keysThatStandTwiceAreRefused() throws {
    struct Settings: Decodable { var count: Int }
    let doubled = Data(#"{"count": 1, "count": 2}"#.utf8)
    #expect(throws: JSONProblem.self) { try JSONFile.decode(Settings.self, from: doubled) }
    #expect(throws: JSONProblem.self) { try JSONFile.decode(Settings.self, from: Data(#"{"count": 1,}"#.utf8)) }
    #expect(try JSONFile.decode(Settings.self, from: Data(#"{"count": 1}"#.utf8)).count == 1)
  }
}

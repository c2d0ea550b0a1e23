import Foundation

extension JSONValue {
  /// Reads JSON strictly (RFC 8259), each byte once.
  ///
  /// Refused beside what the grammar refuses: keys that stand twice in one object (a dictionary would lose one in
  /// silence), halves of surrogate pairs, numbers beyond a double's range, a byte order mark, and what is larger than the
  /// limits below, so that the time is in proportion to the bytes whatever they are.
  /// - Parameters:
  ///   - depth: of lists and objects within each other.
  ///   - count: of values, keys not among them.
  ///   - longestKey: in bytes, without escapes.
  /// - Throws: ``JSONProblem`` with the line and the column (in bytes, from 1).
  package init(
    parsing bytes: some ContiguousBytes, depth: Int = JSONParser.usualDepth, count: Int = .max,
    longestKey: Int = JSONParser.usualLongestKey
  ) throws(JSONProblem) {
    let result: Result<JSONValue, JSONProblem> = bytes.withUnsafeBytes { buffer in
      var parser = JSONParser(
        buffer.bindMemory(to: UInt8.self), depth: depth, count: count, longestKey: longestKey)
      do throws(JSONProblem) { return .success(try parser.document()) } catch { return .failure(error) }
    }
    self = try result.get()
  }
}

/// Reads JSON by recursive descent, which ``usualDepth`` bounds.
package struct JSONParser {
  /// No file or request of ours comes near it.
  package static let usualDepth = 64
  /// In bytes. Longer keys would take long to tell apart: strings are equal that differ in how letters are composed.
  package static let usualLongestKey = 1000
  /// In bytes. The longest number that is not a double's neighbor has 1,075 digits.
  private static let longestNumber = 1200

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private let depth: Int
  private let count: Int
  private let longestKey: Int
  private var valuesSeen = 0

  fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>, depth: Int, count: Int, longestKey: Int) {
    (self.bytes, self.depth, self.count, self.longestKey) = (bytes, depth, count, longestKey)
  }

  fileprivate mutating func document() throws(JSONProblem) -> JSONValue {
    guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw invalid("a byte order mark") }
    skipSpace()
    let value = try value(at: 0)
    skipSpace()
    guard position == bytes.count else { throw invalid("more behind its end") }
    return value
  }

  // MARK: - Values

  private mutating func value(at level: Int) throws(JSONProblem) -> JSONValue {
    valuesSeen += 1
    guard valuesSeen <= count else { throw problem("JSON of more than \(count) values") }
    guard let byte = next else { throw invalid("an end where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return try object(at: level + 1)
    case UInt8(ascii: "["): return try array(at: level + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw unexpected("a value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONProblem) -> JSONValue {
    let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[position...].starts(with: letters) else { throw unexpected("a value") }
    position += letters.count
    return value
  }

  private mutating func array(at level: Int) throws(JSONProblem) -> JSONValue {
    try enter(level)
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(values) }
    repeat {
      skipSpace()
      if next == UInt8(ascii: "]") { throw invalid("a comma before ]") }
      values.append(try value(at: level))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw unexpected("a comma or ]") }
    return .array(values)
  }

  private mutating func object(at level: Int) throws(JSONProblem) -> JSONValue {
    try enter(level)
    var fields: [String: JSONValue] = [:]
    if take(UInt8(ascii: "}")) { return .object(fields) }
    repeat {
      skipSpace()
      if next == UInt8(ascii: "}") { throw invalid("a comma before }") }
      let start = position
      guard next == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      guard key.utf8.count <= longestKey else {
        throw problem("JSON with a key of more than \(longestKey) bytes", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("a colon") }
      skipSpace()
      let value = try value(at: level)
      guard fields.updateValue(value, forKey: key) == nil else {
        throw problem("JSON with the key \"\(printable(key, limit: 60))\" twice in one object", at: start)
      }
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw unexpected("a comma or }") }
    return .object(fields)
  }

  /// Goes past an opening bracket.
  private mutating func enter(_ level: Int) throws(JSONProblem) {
    guard level <= depth else { throw problem("JSON nested more than \(depth) deep") }
    position += 1
    skipSpace()
  }

  private mutating func number() throws(JSONProblem) -> Double {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if let next, Self.digits.contains(next) { throw invalid("a number that begins with 0", at: start) }
    } else {
      try takeDigits()
    }
    if take(UInt8(ascii: ".")) { try takeDigits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try takeDigits()
    }
    guard position - start <= Self.longestNumber else {
      throw problem("JSON with a number of more than \(Self.longestNumber) characters", at: start)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw problem("JSON with a number that is too large, \(text.prefix(40)),", at: start)
    }
    return value
  }

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  private mutating func takeDigits() throws(JSONProblem) {
    guard let next, Self.digits.contains(next) else { throw unexpected("a digit") }
    while position < bytes.count, Self.digits.contains(bytes[position]) { position += 1 }
  }

  // MARK: - Strings

  private mutating func string() throws(JSONProblem) -> String {
    let start = position
    position += 1
    var run = try plainRun(from: start)
    // Most strings have no escape, and are not copied before they are checked.
    var text: [UInt8] = []
    while take(UInt8(ascii: "\\")) {
      text += bytes[run]
      try escape(into: &text)
      run = try plainRun(from: start)
    }
    position += 1
    let checked =
      text.isEmpty
      ? String(validating: UnsafeBufferPointer(rebasing: bytes[run]), as: UTF8.self)
      : String(validating: text + bytes[run], as: UTF8.self)
    guard let checked else { throw invalid("a string that is not UTF-8", at: start) }
    return checked
  }

  /// The bytes up to a quote or a backslash.
  private mutating func plainRun(from start: Int) throws(JSONProblem) -> Range<Int> {
    let first = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): return first..<position
      case 0..<0x20: throw invalid("a string with a control character that is not escaped")
      default: position += 1
      }
    }
    throw invalid("a string without an end", at: start)
  }

  /// Appends what an escape stands for, as UTF-8.
  private mutating func escape(into text: inout [UInt8]) throws(JSONProblem) {
    let start = position - 1
    guard let letter = next else { throw invalid("a string without an end", at: start) }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += UTF8.encode(try scalar(from: start))!
    default: throw invalid("an escape that there is not", at: start)
    }
  }

  /// The scalar behind `\u`, which may be a pair of surrogates.
  private mutating func scalar(from start: Int) throws(JSONProblem) -> Unicode.Scalar {
    var code = try codeUnit()
    if 0xD800..<0xDC00 ~= code, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let low = try codeUnit()
      guard 0xDC00..<0xE000 ~= low else { throw invalid("half a surrogate pair", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw invalid("half a surrogate pair", at: start) }
    return scalar
  }

  private mutating func codeUnit() throws(JSONProblem) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch next {
      case let byte? where Self.digits.contains(byte): digit = byte - UInt8(ascii: "0")
      case let byte? where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20):
        digit = (byte | 0x20) - UInt8(ascii: "a") + 10
      default: throw unexpected("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  // MARK: - Bytes

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let next, next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { position += 1 }
  }

  // MARK: - Problems

  private func unexpected(_ expected: String) -> JSONProblem {
    guard let next else { return invalid("an end where \(expected) is expected") }
    let shown = printable(String(Unicode.Scalar(next < 0x80 ? next : UInt8(ascii: "?"))))
    return invalid("\(shown) where \(expected) is expected")
  }

  private func invalid(_ what: String, at place: Int? = nil) -> JSONProblem {
    problem("not valid JSON: \(what)", at: place)
  }

  private func problem(_ text: String, at place: Int? = nil) -> JSONProblem {
    let before = bytes[..<min(place ?? position, bytes.count)]
    let line = before.count { $0 == 0x0A } + 1
    let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    return JSONProblem(description: "\(text) at line \(line), column \(column)")
  }
}

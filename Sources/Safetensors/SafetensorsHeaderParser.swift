/// A strict reader of the header's JSON, which fills `entries` (in the order of the header) and `metadata`.
struct SafetensorsHeaderParser {
  let bytes: [UInt8]
  let file: String
  var position = 0
  var entries: [SafetensorsEntry] = []
  var metadata: [String: String] = [:]

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func parse() throws {
    guard !bytes.isEmpty else {
      throw SafetensorsError(file: file, "has an empty header, but it must be a JSON object")
    }
    guard peek("{") else {
      throw SafetensorsError(file: file, "has a header that begins with \(found), but it must be a JSON object")
    }
    var names: Set<String> = []
    try object { parser, key in
      guard names.insert(key).inserted else {
        let isMetadata = key == SafetensorsHeader.metadataKey
        throw SafetensorsError(
          file: parser.file, tensor: isMetadata ? nil : key,
          isMetadata
            ? "has its metadata twice, but may have it once"
            : "is declared twice, but a name may be used once")
      }
      if key == SafetensorsHeader.metadataKey {
        try parser.parseMetadata()
      } else {
        try parser.parseEntry(named: key)
      }
    }
    skipSpace()
    guard position == bytes.count else { throw invalid("the end of the header") }
  }

  private mutating func parseMetadata() throws {
    try require("{", "has \(found) for \"__metadata__\", but it must be an object of strings")
    try object { parser, key in
      let name = SafetensorsError.quote(key)
      try parser.require("\"", "has \(parser.found) for metadata key \(name), but it must be a string")
      let value = try parser.string()
      guard parser.metadata.updateValue(value, forKey: key) == nil else {
        throw SafetensorsError(file: parser.file, "has metadata key \(name) twice, but may have it once")
      }
    }
  }

  private mutating func parseEntry(named name: String) throws {
    let file = file
    func fail(_ problem: String) -> SafetensorsError { SafetensorsError(file: file, tensor: name, problem) }

    var type: SafetensorsType?
    var shape: [Int]?
    var offsets: [Int]?
    try require("{", tensor: name, "has \(found) for its declaration, but it must be an object")
    try object { parser, field in
      switch (field, type, shape, offsets) {
      case ("dtype", .some, _, _), ("shape", _, .some, _), ("data_offsets", _, _, .some):
        throw fail("has the field \"\(field)\" twice, but may have it once")
      case ("dtype", _, _, _):
        try parser.require("\"", tensor: name, "has \(parser.found) for \"dtype\", but it must be a string")
        let text = try parser.string()
        guard let known = SafetensorsType(rawValue: text) else {
          let all = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
          throw fail("has dtype \(SafetensorsError.quote(text)), but it must be one of \(all)")
        }
        type = known
      case ("shape", _, _, _):
        shape = try parser.integers(of: name, field: field)
      case ("data_offsets", _, _, _):
        offsets = try parser.integers(of: name, field: field)
      default:
        throw fail("has the unknown field \(SafetensorsError.quote(field)), expected dtype, shape and data_offsets")
      }
    }
    guard let type else { throw fail("has no field \"dtype\", but it must have one") }
    guard let shape else { throw fail("has no field \"shape\", but it must have one") }
    guard let offsets else { throw fail("has no field \"data_offsets\", but it must have one") }

    guard offsets.count == 2 else {
      throw fail("has \(offsets.count) numbers for \"data_offsets\", but it must have 2")
    }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end else {
      throw fail("begins at byte \(begin) of the data, but ends before that, at byte \(end)")
    }
    let what = "shape \(SafetensorsError.show(shape)) of \(type.rawValue)"
    guard let byteCount = type.byteCount(shape: shape) else {
      throw fail("has \(what), but its size in bytes must fit in 63 bits")
    }
    guard end - begin == byteCount else {
      throw fail("has bytes \(begin) to \(end) of the data, which is \(end - begin), but \(what) needs \(byteCount)")
    }
    entries.append(SafetensorsEntry(name: name, type: type, shape: shape, byteRange: begin..<end))
  }

  // MARK: JSON

  /// An object, whose keys are handed to `member` with the parser at the beginning of their value.
  private mutating func object(_ member: (inout Self, String) throws -> Void) throws {
    position += 1
    skipSpace()
    if take("}") { return }
    while true {
      guard peek("\"") else { throw invalid("a key") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw invalid("\":\"") }
      skipSpace()
      try member(&self, key)
      skipSpace()
      if take("}") { return }
      guard take(",") else { throw invalid("\",\" or \"}\"") }
      skipSpace()
    }
  }

  private mutating func integers(of tensor: String, field: String) throws -> [Int] {
    let wanted = "must be an array of whole numbers from 0"
    try require("[", tensor: tensor, "has \(found) for \"\(field)\", but it \(wanted)")
    position += 1
    skipSpace()
    if take("]") { return [] }
    var numbers: [Int] = []
    while true {
      guard position < bytes.count, let kind = kind(bytes[position]) else { throw invalid("a whole number") }
      guard kind == "a number" else {
        throw SafetensorsError(file: file, tensor: tensor, "has \(kind) in \"\(field)\", but it \(wanted)")
      }
      let start = position
      while position < bytes.count, Self.isPartOfNumber(bytes[position]) { position += 1 }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      let digits = bytes[start..<position]
      guard digits.allSatisfy(Self.isDigit), digits.count == 1 || digits.first != UInt8(ascii: "0") else {
        throw SafetensorsError(
          file: file, tensor: tensor, "has \(SafetensorsError.quote(text)) in \"\(field)\", but it \(wanted)")
      }
      guard let number = Int(text) else {
        throw SafetensorsError(
          file: file, tensor: tensor,
          "has \(SafetensorsError.quote(text)) in \"\(field)\", but each number must fit in 63 bits")
      }
      numbers.append(number)
      skipSpace()
      if take("]") { return numbers }
      guard take(",") else { throw invalid("\",\" or \"]\"") }
      skipSpace()
    }
  }

  private mutating func string() throws -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while true {
      let run = position
      while position < bytes.count, Self.isPlain(bytes[position]) { position += 1 }
      text += bytes[run..<position]
      if take("\"") { break }
      guard take("\\") else { throw invalid("the rest of a string") }
      text += Array(String(try escaped()).utf8)
    }
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw SafetensorsError(file: file, "has text at byte \(start) of its header that is not UTF-8, but must be")
    }
    return valid
  }

  /// The scalar that an escape stands for, with the parser behind its backslash.
  private mutating func escaped() throws -> Unicode.Scalar {
    guard position < bytes.count else { throw invalid("an escape") }
    let letter = bytes[position]
    let simple: [UInt8: Unicode.Scalar] = [
      UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
      UInt8(ascii: "f"): "\u{c}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]
    if let scalar = simple[letter] {
      position += 1
      return scalar
    }
    guard take("u") else { throw invalid("an escape") }
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard UTF16.isLeadSurrogate(UInt16(first)), take("\\"), take("u") else { throw invalid("a pair of surrogates") }
    let second = try hexadecimal()
    guard UTF16.isTrailSurrogate(UInt16(second)),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw invalid("a pair of surrogates") }
    return scalar
  }

  private mutating func hexadecimal() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw invalid("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func peek(_ character: Unicode.Scalar) -> Bool {
    position < bytes.count && bytes[position] == UInt8(ascii: character)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    position += 1
    return true
  }

  // MARK: Errors

  /// Throws `problem` where JSON of another kind begins here, and an error of syntax where none does.
  private func require(_ opening: Unicode.Scalar, tensor: String? = nil, _ problem: @autoclosure () -> String) throws {
    if peek(opening) { return }
    guard position < bytes.count, kind(bytes[position]) != nil else { throw invalid("a value") }
    throw SafetensorsError(file: file, tensor: tensor, problem())
  }

  /// An error of syntax at the current byte.
  private func invalid(_ expected: String) -> SafetensorsError {
    SafetensorsError(
      file: file, "has a header that is not valid JSON: at byte \(position) is \(found), expected \(expected)")
  }

  /// What is at the current byte, in words.
  private var found: String {
    guard position < bytes.count else { return "the end of the header" }
    let byte = bytes[position]
    if let kind = kind(byte) { return kind }
    return (0x21..<0x7F).contains(byte)
      ? SafetensorsError.quote(String(UnicodeScalar(byte)))
      : "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  /// The kind of JSON value that begins with a byte.
  private func kind(_ byte: UInt8) -> String? {
    switch byte {
    case UInt8(ascii: "{"): "an object"
    case UInt8(ascii: "["): "an array"
    case UInt8(ascii: "\""): "a string"
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
    case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
    case UInt8(ascii: "n"): "null"
    default: nil
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isPartOfNumber(_ byte: UInt8) -> Bool {
    isDigit(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)  // + - . E e
  }

  /// Whether a byte of a string stands for itself.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}

import Foundation

/// What is wrong with base64, as the rest of a sentence that begins with the field.
struct Base64Error: Error, CustomStringConvertible {
  let description: String
}

/// Base64 as people send it: wrapped in lines, with either alphabet (RFC 4648), without the padding, or as a `data:` address
/// (RFC 2397).
enum Base64Text {
  static func decoded(_ text: String) throws(Base64Error) -> [UInt8] {
    var letters: [UInt8] = []
    let content = try content(of: text)
    letters.reserveCapacity(content.count + 3)
    for byte in content {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
      case UInt8(ascii: "-"): letters.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): letters.append(UInt8(ascii: "/"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
        letters.append(byte)
      default:
        let isPlain = (0x21...0x7E).contains(byte)
        let found = isPlain ? "\"\(Character(Unicode.Scalar(byte)))\"" : "a character that is not plain ASCII"
        throw Base64Error(description: "is not base64: it holds \(found)")
      }
    }
    let padding = letters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    // Foundation passes over what is too much or too little.
    let digits = letters.dropLast(padding)
    guard !digits.contains(UInt8(ascii: "=")) else {
      throw Base64Error(description: "is not base64: it goes on behind a =")
    }
    guard padding < 3, padding == 0 || letters.count % 4 == 0, digits.count % 4 != 1 else {
      throw Base64Error(description: "is not base64: \(digits.count) digits and \(padding) times = make no whole bytes")
    }
    if padding == 0 { letters += [UInt8](repeating: UInt8(ascii: "="), count: -letters.count & 3) }
    guard let data = Data(base64Encoded: Data(letters)) else { throw Base64Error(description: "is not base64") }
    return Array(data)
  }

  /// What stands behind the comma of a `data:` address; all of any other text. By bytes, since strings are compared in
  /// time by the square of their length.
  private static func content(of text: String) throws(Base64Error) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard equals(bytes.prefix(5), "data:") else { return bytes }
    guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")) else {
      throw Base64Error(description: "is a data: address without a comma, expected data:TYPE;base64,DATA")
    }
    guard equals(bytes[..<comma].suffix(7), ";base64") else {
      throw Base64Error(
        description: "is a data: address without ;base64 before its comma, expected data:TYPE;base64,DATA")
    }
    guard let content = PercentEncoding.decodedBytes(bytes[(comma + 1)...], plusIsSpace: false) else {
      throw Base64Error(description: "is a data: address with a % that no two hexadecimal digits follow")
    }
    return content
  }

  /// Whether they are the same but for large and small letters.
  private static func equals(_ bytes: ArraySlice<UInt8>, _ word: StaticString) -> Bool {
    let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    return bytes.elementsEqual(letters) { $0 | 0x20 == $1 | 0x20 }
  }
}

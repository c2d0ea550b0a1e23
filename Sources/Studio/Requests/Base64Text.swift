import Foundation

/// Base64 as people send it: wrapped in lines, with either alphabet (RFC 4648), without the padding, or as a `data:` address
/// (RFC 2397).
enum Base64Text {
  /// Nil for what is no base64.
  static func decoded(_ text: String) -> [UInt8]? {
    guard let content = content(of: text) else { return nil }
    var letters: [UInt8] = []
    letters.reserveCapacity(content.count + 3)
    for byte in content {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
      case UInt8(ascii: "-"): letters.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): letters.append(UInt8(ascii: "/"))
      default: letters.append(byte)
      }
    }
    let padding = letters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    // Foundation passes over what is too much or too little.
    let digits = letters.dropLast(padding)
    guard padding < 3, padding == 0 || letters.count % 4 == 0, digits.count % 4 != 1,
      !digits.contains(UInt8(ascii: "="))
    else { return nil }
    if padding == 0 { letters += [UInt8](repeating: UInt8(ascii: "="), count: -letters.count & 3) }
    return Data(base64Encoded: Data(letters)).map(Array.init)
  }

  /// What stands behind the comma of a `data:` address; all of any other text.
  private static func content(of text: String) -> Substring.UTF8View? {
    guard text.utf8.prefix(5).elementsEqual("data:".utf8, by: { $0 | 0x20 == $1 | 0x20 }) else { return text[...].utf8 }
    guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")),
      text.utf8[..<comma].suffix(7).elementsEqual(";base64".utf8, by: { $0 | 0x20 == $1 | 0x20 })
    else { return nil }
    let content = text[text.utf8.index(after: comma)...]
    guard content.utf8.contains(UInt8(ascii: "%")) else { return content.utf8 }
    return PercentEncoding.decoded(content, plusIsSpace: false).map { $0[...].utf8 }
  }
}

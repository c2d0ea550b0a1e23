import Hummingbird

/// `%41` and `+` in addresses.
enum PercentEncoding {
  /// Whether two hexadecimal digits follow each `%`.
  static func isValid(_ text: some StringProtocol) -> Bool { decodedBytes(text, plusIsSpace: false) != nil }

  /// - Parameter plusIsSpace: as in a query that a form makes.
  /// - Returns: nil for a `%` without two digits behind it, and for what is not UTF-8.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
    decodedBytes(text, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
  }

  private static func decodedBytes(_ text: some StringProtocol, plusIsSpace: Bool) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = digit(rest.popFirst()), let low = digit(rest.popFirst()) else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return bytes
  }

  private static func digit(_ byte: UInt8?) -> UInt8? {
    byte.flatMap { Character(Unicode.Scalar($0)).hexDigitValue }.map { UInt8($0) }
  }
}

extension Request {
  /// The parameters behind the path, in order.
  /// - Throws: ``Problem`` for one that is not UTF-8.
  func queryFields() throws -> [(name: String, value: String)] {
    let query = (head.path ?? "").split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    return try query.split(separator: "&").map { field in
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let decoded = parts.map { PercentEncoding.decoded($0, plusIsSpace: true) }
      guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
        throw Problem(.badRequest, "the address holds a parameter that is not UTF-8")
      }
      return (name, value)
    }
  }
}

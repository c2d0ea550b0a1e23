import Hummingbird

/// `%41` and `+` in addresses.
enum PercentEncoding {
  /// Whether two hexadecimal digits follow each `%`.
  static func isValid(_ text: some StringProtocol) -> Bool { decodedBytes(text.utf8, plusIsSpace: false) != nil }

  /// - Parameter plusIsSpace: as in a query that a form makes.
  /// - Returns: nil for a `%` without two digits behind it, and for what is not UTF-8.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
    decodedBytes(text.utf8, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// - Returns: nil for a `%` without two digits behind it.
  static func decodedBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = digit(rest.next()), let low = digit(rest.next()) else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return bytes
  }

  /// With letters, digits and `-._~` as they are, for which an address means the same (RFC 3986, section 6.2.2.2), and all
  /// else as it was.
  static func normalized(_ path: some StringProtocol) -> String {
    guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
    var bytes: [UInt8] = []
    var rest = Array(path.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let code = decodedBytes([byte] + rest.prefix(2), plusIsSpace: false)?.first,
        isUnreserved(code)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
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

  /// A parameter behind the path that is given once, or not at all.
  /// - Throws: ``Problem`` for another one.
  func queryInteger(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    let values = try queryFields().filter { $0.name == name }.map(\.value)
    guard let text = values.first else { return nil }
    guard values.count == 1, let value = Int(text), "\(value)" == text, range.contains(value) else {
      throw Problem(
        .badRequest,
        "\(name) is \"\(text)\", expected one whole number from \(range.lowerBound) to \(range.upperBound)", field: name
      )
    }
    return value
  }

  /// - Throws: ``Problem`` for a parameter behind the path that is none of `known`.
  func requireParameters(among known: [String]) throws {
    guard let stranger = try queryFields().first(where: { !known.contains($0.name) })?.name else { return }
    guard !stranger.isEmpty else { throw Problem(.badRequest, "the address holds a parameter without a name") }
    throw Problem(.badRequest, "\(stranger) is no parameter of this address", field: stranger)
  }
}

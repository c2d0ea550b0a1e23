/// The header of an NPY array (NumPy Enhancement Proposal 1): the type of its elements and its sizes.
struct NPYHeader: Equatable {
  /// In NumPy's notation, for example `|u1` or `<i8`.
  let type: String
  let isFortranOrder: Bool
  let shape: [Int]
  /// Where the elements begin.
  let byteCount: Int

  /// Headers of real files have about 128 bytes; version 2 allows 4 GiB. NumPy reads no longer ones either.
  static let longest = 10_000

  /// The bytes that every header begins with: magic, version and the length of the rest, of the longest form.
  static let prefixByteCount = 12

  /// The bytes of the whole header, told by the first `prefixByteCount`; nil when these are of no NPY array.
  static func byteCount(prefix: [UInt8]) -> Int? {
    guard prefix.count >= 10, prefix.starts(with: [0x93] + Array("NUMPY".utf8)) else { return nil }
    let short = Int(prefix[8]) | Int(prefix[9]) << 8
    switch prefix[6] {
    case 1: return 10 + short
    case 2, 3: return prefix.count < 12 ? nil : 12 + (short | Int(prefix[10]) << 16 | Int(prefix[11]) << 24)
    default: return nil
    }
  }

  /// - Parameter bytes: the whole header.
  /// - Returns: nil when the text is not the dictionary that it has to be.
  init?(_ bytes: [UInt8]) {
    let text = bytes[(bytes[6] == 1 ? 10 : 12)...]
    guard let type = Self.value(of: "descr", in: text).flatMap({ Self.text(in: $0, from: "'", to: "'") }),
      let order = Self.value(of: "fortran_order", in: text),
      let sizes = Self.value(of: "shape", in: text).flatMap({ Self.text(in: $0, from: "(", to: ")") })
    else { return nil }
    let isFortranOrder = order.starts(with: "True".utf8)
    guard isFortranOrder || order.starts(with: "False".utf8) else { return nil }
    let shape = sizes.split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) }
    guard shape.allSatisfy({ $0 != nil && $0! >= 0 }) else { return nil }
    self.type = type
    self.isFortranOrder = isFortranOrder
    self.shape = shape.map { $0! }
    byteCount = bytes.count
  }

  /// What stands behind the first `'key':`.
  private static func value(of key: String, in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let found = text.firstRange(of: Array("'\(key)'".utf8)) else { return nil }
    func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    let rest = text[found.upperBound...].drop(while: isSpace)
    return rest.first == UInt8(ascii: ":") ? rest.dropFirst().drop(while: isSpace) : nil
  }

  /// What stands between two characters, the first of which `value` begins with.
  private static func text(in value: ArraySlice<UInt8>, from first: Unicode.Scalar, to last: Unicode.Scalar) -> String?
  {
    guard value.first == UInt8(ascii: first), let end = value.dropFirst().firstIndex(of: UInt8(ascii: last)) else {
      return nil
    }
    return String(decoding: value[value.startIndex + 1..<end], as: UTF8.self)
  }

  /// The bytes of one element of a plain type; nil for other types.
  var elementByteCount: Int? {
    guard let first = type.first, "|<>=".contains(first), type.count >= 3 else { return nil }
    return Int(type.dropFirst(2)).flatMap { $0 > 0 && $0 <= 64 ? $0 : nil }
  }

  /// The bytes of all elements; nil when they are too many for an integer.
  var dataByteCount: Int? {
    guard var total = elementByteCount else { return nil }
    for size in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      total = product
    }
    return total
  }
}

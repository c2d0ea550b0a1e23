/// Numbers as bytes, the lowest first.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Seven bits a byte, the lowest first; all but the last with the eighth set.
  mutating func append(varying number: Int) {
    var rest = UInt64(number)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Reads what ``ByteWriter`` wrote. Each throws ``Damage`` where the bytes end too soon or make no sense.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var remaining: Int { bytes.endIndex - position }

  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw Damage("ends too soon") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type = Number.self) throws -> Number
  {
    try take(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  /// - Parameter most: what the number may be, so that nothing is allocated on the word of a damaged file.
  mutating func varying(upTo most: Int) throws -> Int {
    var (value, shift) = (UInt64(0), UInt64(0))
    while true {
      let byte = try number(UInt8.self)
      guard shift < 63 else { throw Damage("holds a number that is too long") }
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    guard value <= UInt64(most) else { throw Damage("holds \(value) where at most \(most) makes sense") }
    return Int(value)
  }
}

/// What is wrong with a piece of an archive, as the rest of a sentence.
struct Damage: Error, Hashable {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

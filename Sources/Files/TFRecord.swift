import Foundation

/// The frame of a record in a file of TFRecords: the length of its data (8 bytes, little-endian), a checksum of that, the
/// data, and a checksum of the data; checksums are CRC-32C, masked.
package enum TFRecord {
  /// Before the data.
  package static let headerBytes = 12
  /// After it.
  package static let footerBytes = 4

  /// The masked checksum of `bytes`.
  package static func checksum(_ bytes: some ContiguousBytes) -> UInt32 {
    masked(bytes.withUnsafeBytes(CRC32C.value(of:)))
  }

  /// So that a checksum of data that holds its own checksum is not special: rotated by 15 bits, plus a constant.
  private static func masked(_ crc: UInt32) -> UInt32 { (crc >> 15 | crc << 17) &+ 0xA282_EAD8 }

  /// The whole record.
  package static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    return length + littleEndian(checksum(length)) + data + littleEndian(checksum(data))
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }
}

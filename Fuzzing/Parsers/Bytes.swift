import CImageCodecs
import Files
import Foundation

func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

func littleEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian, Array.init)
}

func crc32(_ bytes: [UInt8]) -> UInt32 { cic_crc32(0, bytes, bytes.count) }

func crc32c(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes(CRC32C.value(of:)) }

/// A gzip file of one stored block.
func gzip(_ contents: [UInt8]) -> [UInt8] {
  let count = UInt16(contents.count)
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1] + littleEndian(count) + littleEndian(~count) + contents
    + littleEndian(crc32(contents)) + littleEndian(UInt32(contents.count))
}

/// A zip archive whose members are stored as they are.
func zip(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
  var (archive, directory): ([UInt8], [UInt8]) = ([], [])
  for (name, bytes) in members {
    let count = littleEndian(UInt32(bytes.count))
    // Version 2, no flags, stored, no time, 1 January 1980.
    let common =
      [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0] + littleEndian(crc32(bytes)) + count + count
      + littleEndian(UInt16(name.utf8.count)) + [0, 0]
    directory += Array("PK\u{1}\u{2}".utf8) + [20, 0] + common + [UInt8](repeating: 0, count: 10)
    directory += littleEndian(UInt32(archive.count)) + Array(name.utf8)
    archive += Array("PK\u{3}\u{4}".utf8) + common + Array(name.utf8) + bytes
  }
  let count = littleEndian(UInt16(members.count))
  return archive + directory + Array("PK\u{5}\u{6}".utf8) + [0, 0, 0, 0] + count + count
    + littleEndian(UInt32(directory.count)) + littleEndian(UInt32(archive.count)) + [0, 0]
}

func decode(_ base64: String) -> [UInt8] { Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)!) }

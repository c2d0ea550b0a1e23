import Foundation
import Imaging

/// Runs `body` with a fresh folder that is removed afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("datasets-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

extension URL {
  /// Writes a file below this folder, making the folders in between.
  @discardableResult
  func write(_ bytes: [UInt8], to path: String) throws -> URL {
    let url = appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url
  }

  /// Writes a text file below this folder.
  @discardableResult
  func write(text: String, to path: String) throws -> URL { try write(Array(text.utf8), to: path) }

  /// Writes a PNG picture of one value below this folder.
  @discardableResult
  func writePicture(
    _ path: String, width: Int = 4, height: Int = 2, channels: Int = 3, value: UInt8 = 0
  ) throws -> URL {
    try write(
      PixelImage(width: width, height: height, channels: channels, filledWith: value).encodePNG(), to: path)
  }
}

/// An IDX file of unsigned bytes.
func idx(sizes: [Int], elements: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(sizes.count)] + sizes.flatMap(bigEndian) + elements
}

/// A gzip file of one stored block.
func gzip(_ contents: [UInt8]) -> [UInt8] {
  let count = UInt16(contents.count)
  let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
  let lengths = [count, ~count].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  return header + [1] + lengths + contents + bigEndian(Int(crc32(contents))).reversed()
    + bigEndian(contents.count).reversed()
}

private func bigEndian(_ value: Int) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

import Codec
import Files
import FlowModels
import Foundation
import Imaging

/// Archives of pictures.
struct GLZFuzzing: FuzzedParser {
  static let name = "glz"
  private let (file, seed): (URL, URL)
  private let code: FlowCode

  init(folder: URL) throws {
    (file, seed) = (folder.appending(path: "a.glz"), folder.appending(path: "seed.glz"))
    var configuration = GlowConfiguration(height: 4, width: 4, channels: 1, levels: 1, steps: 1, hidden: 2)
    configuration.classNames = ["a", "b"]
    code = try FlowCode(Glow(configuration).blueprint())
  }

  func seeds() throws -> [[UInt8]] {
    try [1, 5].map { count in
      defer { try? FileManager.default.removeItem(at: seed) }
      var options = ArchiveOptions()
      options.blockTiles = 3
      let writer = try ArchiveWriter(to: seed, code, told: .labels(2), modelName: "m", options: options)
      for number in 0..<count {
        let side = 3 + number
        try writer.append(
          PixelImage(width: side, height: 4, channels: 1, pixels: (0..<4 * side).map { UInt8($0 * 9 + number) }),
          named: "\(number).png", told: .label(number % 2))
      }
      _ = try writer.finish()
      return Array(try Data(contentsOf: seed))
    }
  }

  func files(from bytes: [UInt8]) -> [[UInt8]] { [bytes, withChecksums(bytes)] }

  /// Puts right the checksum of each part that can be found.
  private func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    func number(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
    func put(_ range: Range<Int>, at place: Int) {
      let sum = bytes[range].withUnsafeBytes { CRC32C.value(of: $0) }
      for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(byte))) }
    }
    guard bytes.count > 20, 16 + number(12) + 4 <= bytes.count else { return bytes }
    put(16..<16 + number(12), at: 16 + number(12))
    var place = 20 + number(12)
    while place + 12 <= bytes.count, place + 12 + number(place + 4) <= bytes.count {
      put(place + 12..<place + 12 + number(place + 4), at: place + 8)
      place += 12 + number(place + 4)
    }
    return bytes
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    let reader = try ArchiveReader(file)
    _ = try? reader.names()
    _ = (reader.rawBytes, reader.blockBytes)
    try reader.use(code)
    try reader.read(0..<min(reader.pictureCount, 64)) { _, _ in }
  }
}

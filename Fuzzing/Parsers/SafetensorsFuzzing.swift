import Foundation
import Safetensors
import Torch

struct SafetensorsFuzzing: FuzzedParser {
  static let name = "safetensors"
  private let (file, seed): (URL, URL)

  init(folder: URL) {
    (file, seed) = (folder.appending(path: "a.safetensors"), folder.appending(path: "seed.safetensors"))
  }

  func seeds() throws -> [[UInt8]] {
    try [
      seed.afterWriting(
        [
          item("a", .int64, [1], littleEndian(7)), item("b", .float32, [2, 1], littleEndian(UInt64(1))),
          item("c", .bool, [], [1]), item("d\"\\\u{1}é", .bfloat16, [0, 3], []),
        ], metadata: ["format": "pt"]),
      seed.afterWriting([], metadata: [:]),
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    let file = try SafetensorsFile(contentsOf: file)
    for name in file.names {
      guard [.uint16, .uint32, .uint64, .int8, .int16].contains(try file.entry(name).type) else {
        _ = try file.tensor(name).converted(to: .float64)
        continue
      }
      _ = try file.withBytes(of: name) { $0.reduce(0, ^) }
    }
  }
}

extension URL {
  /// The bytes of a safetensors file, written here.
  func afterWriting(_ items: [SafetensorsItem], metadata: [String: String]) throws -> [UInt8] {
    try SafetensorsWriter.write(items, metadata: metadata, to: self)
    return Array(try Data(contentsOf: self))
  }
}

func item(_ name: String, _ type: SafetensorsType, _ shape: [Int], _ bytes: [UInt8]) -> SafetensorsItem {
  SafetensorsItem(name: name, type: type, shape: shape, bytes: bytes)
}

/// Of float32, all of one value.
func item(_ name: String, _ shape: [Int], filledWith value: Float = 0) -> SafetensorsItem {
  item(name, .float32, shape, (0..<shape.reduce(1, *)).flatMap { _ in littleEndian(value.bitPattern) })
}

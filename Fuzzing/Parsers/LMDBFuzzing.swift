import Datasets
import Foundation

struct LMDBFuzzing: FuzzedParser {
  static let name = "lmdb"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  /// Two leaves below a branch, with a picture each, one of them on a page of its own; and a leaf alone.
  func seeds() -> [[UInt8]] {
    let picture = PNGFuzzing.pictures[1]
    let here = page(3, flags: 2, [node(UInt32(picture.count), key: "a", value: picture)])
    let onPage = page(4, flags: 2, [node(UInt32(picture.count), flags: 1, key: "b", value: littleEndian(5))])
    let branch = page(2, flags: 1, [node(3, key: "", value: []), node(4, key: "b", value: [])])
    let long = padded(littleEndian(UInt64(5)) + [0, 0, 4, 0, 1, 0, 0, 0] + picture)
    let pages = branch + here + onPage + long
    return [
      meta(0, root: 2, last: 5, records: 2) + meta(1, root: 2, last: 5, records: 2) + pages,
      meta(0, root: .max, last: 1, records: 0) + meta(1, root: 3, last: 3, records: 1) + branch + here,
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "data.mdb").write(bytes)
    let pictures = try LMDBPictures(folder, adviceIfMissing: "expected it")
    for index in 0..<min(pictures.count, 8) { _ = try pictures.picture(at: index) }
  }

  private static let pageBytes = 256

  private func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: Self.pageBytes - bytes.count)
  }

  private func meta(_ number: UInt64, root: UInt64, last: UInt64, records: UInt64) -> [UInt8] {
    let free = littleEndian(UInt32(Self.pageBytes)) + [UInt8](repeating: 0, count: 36) + littleEndian(UInt64.max)
    let main = [0, 0, 0, 0, 0, 0, 2, 0] + [UInt8](repeating: 0, count: 24) + littleEndian(records) + littleEndian(root)
    return padded(
      littleEndian(number) + [0, 0, 8, 0, 0, 0, 0, 0] + littleEndian(UInt32(0xBEEF_C0DE)) + littleEndian(UInt32(1))
        + [UInt8](repeating: 0, count: 16) + free + main + littleEndian(last) + littleEndian(number))
  }

  private func node(_ number: UInt32, flags: UInt16 = 0, key: String, value: [UInt8]) -> [UInt8] {
    littleEndian(number) + littleEndian(flags) + littleEndian(UInt16(key.utf8.count)) + Array(key.utf8) + value
  }

  private func page(_ number: UInt64, flags: UInt16, _ nodes: [[UInt8]]) -> [UInt8] {
    let end = 16 + 2 * nodes.count
    let starts = nodes.indices.map { UInt16(end + nodes[..<$0].joined().count) }
    return padded(
      littleEndian(number) + [0, 0] + littleEndian(flags) + littleEndian(UInt16(end)) + [0, 1]
        + starts.flatMap(littleEndian) + nodes.joined())
  }
}

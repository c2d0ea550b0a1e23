import Datasets
import Foundation

/// A zip archive of pictures in folders of classes.
struct ZipFuzzing: FuzzedParser {
  static let name = "zip"
  private let file: URL

  init(folder: URL) { file = folder.appending(path: "a.zip") }

  func seeds() -> [[UInt8]] {
    let picture = PNGFuzzing.pictures[0]
    return [
      zip(["a/1.png", "a/2.png", "b/1.png", "b/x.txt"].map { ("photos/\($0)", picture) }),
      Self.deflated,
    ]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    for split in DatasetSplit.allCases { try ImageFolder(file, split: split).readAll() }
  }

  /// By Python's zipfile: the pictures a.png, b.png and c.png of 2x2 pixels.
  private static let deflated = decode(
    """
    UEsDBBQAAAAIAAAAIQBHzAZyQQAAAEcAAAAFAAAAYS5wbmfrDPBz5+WS4mJgYOD19HAJAtJMIMwBJBjC7wb9AFJ8ni6OIRVzkn1SEpISGBgYvzOkfl
    7/ww6kwtPVz2WdU0ITAFBLAwQUAAAACAAAACEAJQXtOEEAAABHAAAABQAAAGIucG5n6wzwc+flkuJiYGDg9fRwCQLSTCDMASQYwu8G/QBSfJ4ujiEV
    c5J9khKSEhgYGP8wpGW/NVMCqfB09XNZ55TQBABQSwMEFAAAAAgAAAAhAMfhIqNAAAAARwAAAAUAAABjLnBuZ+sM8HPn5ZLiYmBg4PX0cAkC0kwgzA
    EkGMLvBv0AUnyeLo4hFXOSfdISkhKAcowM6btWvFwMUuHp6ueyzimhCQBQSwECFAMUAAAACAAAACEAR8wGckEAAABHAAAABQAAAAAAAAAAAAAAgAEA
    AAAAYS5wbmdQSwECFAMUAAAACAAAACEAJQXtOEEAAABHAAAABQAAAAAAAAAAAAAAgAFkAAAAYi5wbmdQSwECFAMUAAAACAAAACEAx+Eio0AAAABHAA
    AABQAAAAAAAAAAAAAAgAHIAAAAYy5wbmdQSwUGAAAAAAMAAwCZAAAAKwEAAAAA
    """)
}

/// A tar file of pictures in folders of classes.
struct TarFuzzing: FuzzedParser {
  static let name = "tar"
  private let file: URL

  init(folder: URL) { file = folder.appending(path: "a.tar") }

  func seeds() -> [[UInt8]] {
    let picture = PNGFuzzing.pictures[0]
    let pictures = ["a/1.png", "a/2.png", "b/1.png"].map { tarMember("photos/\($0)", picture) }
    let long = Array("photos/a/\(String(repeating: "x", count: 100)).png\0".utf8)
    return [
      pictures.joined() + tarMember("b/link.png", [], type: "1", link: "photos/a/1.png") + tarEnd,
      tarMember("././@LongLink", long, type: "L") + pictures.joined() + tarEnd,
      tarMember("x", Array("30 path=photos/c/\u{FC}ber/1.png\n".utf8), type: "x") + pictures.joined() + tarEnd,
    ].map(Array.init)
  }

  func files(from bytes: [UInt8]) -> [[UInt8]] { [bytes, withTarChecksums(bytes)] }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    for split in DatasetSplit.allCases { try ImageFolder(file, split: split).readAll() }
  }
}

/// A folder of one tar file with samples.
struct WebDatasetFuzzing: FuzzedParser {
  static let name = "webdataset"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  func seeds() -> [[UInt8]] {
    let picture = PNGFuzzing.pictures[0]
    let numbers = (0..<3).map { tarMember("\($0).png", picture) + tarMember("\($0).cls", Array("\($0 % 2)\n".utf8)) }
    let names = (0..<3).map {
      tarMember("\($0).png", picture) + tarMember("\($0).json", Array("{\"label\": \"\($0)\", \"x\": [{}]}".utf8))
    }
    return [Array(numbers.joined() + tarEnd), Array(names.joined() + tarEnd)]
  }

  func files(from bytes: [UInt8]) -> [[UInt8]] { [bytes, withTarChecksums(bytes)] }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "0.tar").write(bytes)
    for split in DatasetSplit.allCases { try ImageFolder(folder, split: split).readAll() }
  }
}

private let tarEnd = [UInt8](repeating: 0, count: 1024)

/// A header in the ustar format and what follows it.
private func tarMember(_ name: String, _ contents: [UInt8], type: Character = "0", link: String = "") -> [UInt8] {
  func field(_ text: String, _ count: Int) -> [UInt8] {
    Array(text.utf8) + [UInt8](repeating: 0, count: count - text.utf8.count)
  }
  func octal(_ value: Int, _ count: Int) -> String {
    let digits = String(value, radix: 8)
    return String(repeating: "0", count: count - digits.count) + digits
  }
  let header =
    field(name, 100) + field("0000644", 8) + field("0000000", 8) + field("0000000", 8)
    + field(octal(contents.count, 11), 12) + field(octal(0, 11), 12) + [UInt8](repeating: 0x20, count: 8)
    + field(String(type), 1) + field(link, 100) + field("ustar\u{0}00", 8) + field("", 247)
  let padding = [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
  return withTarChecksums(header) + contents + padding
}

/// With the checksums that the headers ask for, each found by the size of what lies before it.
private func withTarChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var start = 0
  while start + 512 <= bytes.count, bytes[start] != 0 {
    let size = bytes[start + 124..<start + 136].prefix { (0x30...0x37).contains($0) }.reduce(0) {
      $0 << 3 | Int($1 & 7)
    }
    bytes.replaceSubrange(start + 148..<start + 156, with: repeatElement(0x20, count: 8))
    let sum = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
    bytes.replaceSubrange(
      start + 148..<start + 156, with: Array((String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8))
    start += 512 + min((size + 511) / 512 * 512, bytes.count)
  }
  return bytes
}

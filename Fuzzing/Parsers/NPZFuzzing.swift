import Datasets
import Foundation

/// A zip archive with the arrays of two images.
struct NPZFuzzing: FuzzedParser {
  static let name = "npz"
  private let file: URL

  init(folder: URL) { file = folder.appending(path: "a.npz") }

  func seeds() -> [[UInt8]] {
    [zip([("data.npy", NPYFuzzing.images), ("labels.npy", NPYFuzzing.labels)]), Self.deflated]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    try NPZDataset(
      [.init(file: file, images: "data", labels: "labels")], layout: .planes, side: 1, name: "npz", split: .test,
      classNames: ["a", "b"], firstLabel: 0, shuffleBlock: nil, adviceIfMissing: "expected it"
    ).readAll()
  }

  /// By Python's zipfile.
  private static let deflated = decode(
    """
    UEsDBBQAAAAIAAAAIQAHDvGeSQAAAEwAAAAIAAAAZGF0YS5ucHmb7BfqGxDJyGDDUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8
    wpTgWKF2ckFqQC+RpGOgrGmjoKtVyMTMwsrGwAUEsDBBQAAAAIAAAAIQDmgVqKRQAAAEgAAAAKAAAAbGFiZWxzLm5weZvsF+obEMnIYMNQrZ6S
    WpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CoaaOgq1XAyMAFBLAQIUAxQAAAAIAAAAIQAHDvGeSQAAAEwAAA
    AIAAAAAAAAAAAAAACAAQAAAABkYXRhLm5weVBLAQIUAxQAAAAIAAAAIQDmgVqKRQAAAEgAAAAKAAAAAAAAAAAAAACAAW8AAABsYWJlbHMubnB5
    UEsFBgAAAAACAAIAbgAAANwAAAAAAA==
    """)
}

/// One array of the archive, of the images or of the labels; the archive around it is whole.
struct NPYFuzzing: FuzzedParser {
  static let name = "npy"
  private let archive: NPZFuzzing

  init(folder: URL) { archive = NPZFuzzing(folder: folder) }

  static let images = array("|u1", "2, 3", [1, 2, 3, 4, 5, 6])
  static let labels = array("<i8", "2,", littleEndian(0) + littleEndian(1))

  func seeds() -> [[UInt8]] { [Self.images, Self.labels, Self.array("|u1", "2, 1", [0, 1])] }

  func files(from bytes: [UInt8]) -> [[UInt8]] {
    [
      zip([("data.npy", bytes), ("labels.npy", Self.labels)]), zip([("data.npy", Self.images), ("labels.npy", bytes)]),
    ]
  }

  func parse(_ bytes: [UInt8]) throws { try archive.parse(bytes) }

  private static func array(_ type: String, _ shape: String, _ elements: [UInt8]) -> [UInt8] {
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian(UInt16(text.utf8.count)) + Array(text.utf8) + elements
  }
}

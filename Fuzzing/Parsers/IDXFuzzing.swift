import Datasets
import Foundation

/// The file of images or, where it says so itself, that of labels.
struct IDXFuzzing: FuzzedParser {
  static let name = "idx"
  private let (images, labels): (URL, URL)
  private let wholeImages = [0, 0, 8, 3] + [2, 2, 1].flatMap(bigEndian) + [1, 2, 3, 4]
  private let wholeLabels = [0, 0, 8, 1] + bigEndian(2) + [7, 9]

  init(folder: URL) { (images, labels) = (folder.appending(path: "images"), folder.appending(path: "labels")) }

  func seeds() -> [[UInt8]] { [wholeImages, wholeLabels, gzip(wholeImages)] }

  func parse(_ bytes: [UInt8]) throws {
    let isLabels = bytes.starts(with: wholeLabels.prefix(4))
    try images.write(isLabels ? wholeImages : bytes)
    try labels.write(isLabels ? bytes : wholeLabels)
    try IDXDataset(images: images, labels: labels, split: .test).readAll()
  }
}

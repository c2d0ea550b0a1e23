import Datasets
import Foundation

/// A list of attributes in CelebA's form.
struct AttributeListFuzzing: FuzzedParser {
  static let name = "attribute-list"
  private let file: URL

  init(folder: URL) { file = folder.appending(path: "list_attr_celeba.txt") }

  func seeds() -> [[UInt8]] { [Array("2\nSmiling Male \n1.jpg  1 -1\n2.jpg -1 0\n".utf8)] }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    _ = try AttributeList(reading: file).table(of: ["2.jpg", "1.jpg"])
  }
}

/// CelebA's list of the splits.
struct PartitionFuzzing: FuzzedParser {
  static let name = "partition"
  private let folder: URL

  init(folder: URL) throws {
    self.folder = folder
    let pictures = folder.appending(path: "img_align_celeba")
    try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
    for name in ["1.jpg", "2.jpg"] { try pictures.appending(path: name).write(PNGFuzzing.pictures[0]) }
    try folder.appending(path: "list_attr_celeba.txt").write(Array("2\nMale\n1.jpg 1\n2.jpg -1\n".utf8))
  }

  func seeds() -> [[UInt8]] { [Array("1.jpg 0\n2.jpg 1\n".utf8)] }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "list_eval_partition.txt").write(bytes)
    try CelebA.open(directory: folder, split: .train).readAll()
  }
}

/// The table `attributes.csv`.
struct AttributesCSVFuzzing: FuzzedParser {
  static let name = "attributes-csv"
  private let file: URL

  init(folder: URL) { file = folder.appending(path: AttributesCSV.fileName) }

  func seeds() -> [[UInt8]] {
    [Array("file,Smiling,\"long \"\"hair\"\"\"\na.png,1,0\n\"b,c.png\",,1\r\n".utf8)]
  }

  func parse(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    let files = ["a.png", "b,c.png"]
    _ = try AttributesCSV(reading: file).table(of: files, among: Set(files))
  }
}

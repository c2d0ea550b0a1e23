import Foundation
import Testing

@testable import Datasets

@Suite struct CelebATests {
  private let partition = "000001.jpg 0\n000002.jpg 0\n000003.jpg 1\n000004.jpg 2\n"
  private let attributes =
    "4\nSmiling Male \n000001.jpg  1 -1\n000002.jpg -1 -1\n000003.jpg -1  1\n000004.jpg  1  1\n"

  /// Four pictures, 6x8, whose value is their number.
  private func write(to folder: URL) throws {
    for i in 1...4 {
      try folder.writePicture("img_align_celeba/00000\(i).jpg", width: 6, height: 8, value: UInt8(i))
    }
    try folder.write(text: partition, to: "list_eval_partition.txt")
    try folder.write(text: attributes, to: "list_attr_celeba.txt")
  }

  @Test func theOfficialSplitsAndAttributes() throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      let source = try DatasetSource(parsing: "celeba:\(folder.path)")
      let splits = try DatasetSplit.allCases.map { try source.open(split: $0, seed: 0) }
      #expect(splits.map(\.count) == [2, 1, 1])
      #expect(splits.allSatisfy { $0.attributeNames == ["Smiling", "Male"] && $0.name == "celeba" })
      #expect(try splits[0].image(at: 1).pixels[0] == 2)
      #expect(splits[0].shape == ImageShape(height: 8, width: 6, channels: 3))
      #expect([0, 1].map { splits[0].attribute(0, at: $0) } == [true, false])
      #expect([0, 1].map { splits[1].attribute($0, at: 0) } == [false, true])
      let problems = try DatasetCheck(of: source).problems
      #expect(problems.count == 3 && problems.allSatisfy { $0.contains(", expected") }, "\(problems)")
    }
  }

  @Test func foldersAndPNGsOfTheDistribution() throws {
    try withTemporaryFolder { folder in
      for i in 1...4 { try folder.writePicture("img_align_celeba_png/00000\(i).png", value: UInt8(i)) }
      try folder.write(text: partition, to: "Eval/list_eval_partition.txt")
      try folder.write(text: attributes, to: "Anno/list_attr_celeba.txt")
      #expect(try CelebA.open(directory: folder, split: .test).image(at: 0).pixels[0] == 4)
    }
  }

  @Test func theMiddleSquare() throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      let source = try DatasetSource(parsing: "celeba,center=4:\(folder.path)")
      #expect(source.description == "celeba,center=4:\(folder.path)")
      #expect(try source.open(split: .test, seed: 0).shape == ImageShape(height: 4, width: 4, channels: 3))
      let small = try source.open(split: .test, size: (2, 2), seed: 0)
      #expect(try small.image(at: 0).pixels == [UInt8](repeating: 4, count: 12))
      let wide = try DatasetSource(parsing: "celeba,center=7:\(folder.path)").open(split: .test, seed: 0)
      let error = #expect(throws: DatasetError.self) { try wide.image(at: 0) }
      #expect(error?.description.contains("000004.jpg: the picture is 6x8") == true)
    }
  }

  @Test(arguments: [
    ("list_eval_partition.txt", "000004.jpg 2\n", "", "a line for every picture of"),
    ("list_eval_partition.txt", "000004.jpg 2\n", "000004.jpg 3\n", "the line 4 should be a picture and 0, 1 or 2"),
    ("list_eval_partition.txt", "000004.jpg 2\n", "000003.jpg 2\n", "the picture of line 4 should be one that no line"),
    ("list_eval_partition.txt", "000004.jpg 2\n", "000004.jpg 2\n000005.jpg 2\n", "000005.jpg: there is no such file"),
    (
      "list_attr_celeba.txt", "4\nS", "5\nS", "the number of lines with pictures should be 5 by its first line, found 4"
    ),
    ("list_attr_celeba.txt", "4\nS", "S", "the first line should be the number of pictures"),
    ("list_attr_celeba.txt", "000004.jpg  1  1\n", "000004.jpg  1\n", "the number of attributes in line 6 should be 2"),
    (
      "list_attr_celeba.txt", "000004.jpg  1  1", "000004.jpg  1  2",
      "attribute Male of 000004.jpg (line 6) should be 1"
    ),
    ("list_attr_celeba.txt", "000004.jpg", "000005.jpg", "no line for 000004.jpg; expected one for every picture"),
    ("list_attr_celeba.txt", "000004.jpg", "000003.jpg", "the picture of line 6 should be one that no line before it"),
  ])
  func listsThatCannotBe(file: String, part: String, replacement: String, problem: String) throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      let url = folder.appendingPathComponent(file)
      let text = try String(contentsOf: url, encoding: .utf8)
      try Data(text.replacingOccurrences(of: part, with: replacement).utf8).write(to: url)
      let error = #expect(throws: DatasetError.self) { try CelebA.open(directory: folder, split: .test) }
      let description = try #require(error?.description)
      #expect(description.hasPrefix(folder.path) && description.contains(problem), "\(description)")
    }
  }

  @Test(arguments: ["img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"])
  func missingFiles(name: String) throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      let url = folder.appendingPathComponent(name)
      try FileManager.default.removeItem(at: url)
      let error = #expect(throws: DatasetError.self) { try CelebA.open(directory: folder, split: .test) }
      #expect(error?.description.hasPrefix("\(url.path): there is no such file; expected img_align_celeba") == true)
    }
  }

  @Test func celebAHQWithAndWithoutAttributes() throws {
    try withTemporaryFolder { folder in
      for i in 0..<5 { try folder.writePicture("CelebA-HQ-img/\(i).png", width: 4, height: 4, value: UInt8(i)) }
      try folder.writePicture("CelebAMask-HQ-mask-anno/0/00000_hair.png")
      let source = try DatasetSource(parsing: "celebahq:\(folder.path)")
      #expect(try DatasetSplit.allCases.map { try source.open(split: $0, seed: 0).count } == [3, 1, 1])
      #expect(try source.open(split: .train, seed: 0).attributeNames.isEmpty)
      try folder.write(
        text: "5\nYoung\n" + (0..<5).map { "\($0).png  \($0 == 3 ? -1 : 1)\n" }.joined(),
        to: "CelebAMask-HQ-attribute-anno.txt")
      for split in DatasetSplit.allCases {
        let part = try source.open(split: split, size: (2, 2), seed: 0)
        for image in 0..<part.count {
          #expect(part.attribute(0, at: image) == (try part.image(at: image).pixels[0] != 3))
        }
      }
      #expect(try DatasetCheck(of: source).problems.isEmpty)
      let url = folder.appendingPathComponent("CelebA-HQ-img/2.png")
      try Data(contentsOf: url).dropLast(8).write(to: url)
      let problems = try DatasetCheck(of: source).problems
      #expect(problems.count == 1 && problems[0].hasPrefix("\(url.path): the PNG data is cut short"), "\(problems)")
    }
  }
}

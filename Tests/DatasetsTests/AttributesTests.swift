import Foundation
import Testing

@testable import Datasets

@Suite struct AttributesTests {
  /// Splits `train` (a, b), `validation` (c) and `test` (d) of one picture each, with tables in the split folders.
  private func writeSplits(to folder: URL) throws {
    for path in ["train/a.png", "train/b.png", "validation/c.png", "test/d.png"] { try folder.writePicture(path) }
    try folder.write(text: "file,Smiling,Eyeglasses\nb.png,0,1\na.png,1,\n", to: "train/attributes.csv")
    try folder.write(text: "file,Smiling,Eyeglasses\nc.png,1,1\n", to: "validation/attributes.csv")
    try folder.write(text: "file,Smiling,Eyeglasses\r\nd.png,,0\r\n", to: "test/attributes.csv")
  }

  private func states(_ dataset: any ImageDataset) -> [[Bool?]] {
    (0..<dataset.count).map { image in
      dataset.attributeNames.indices.map { dataset.attribute($0, at: image) }
    }
  }

  @Test func aTableInEachSplitFolder() throws {
    try withTemporaryFolder { folder in
      try writeSplits(to: folder)
      let train = try ImageFolder(folder, split: .train)
      #expect(train.attributeNames == ["Smiling", "Eyeglasses"])
      #expect(states(train) == [[true, nil], [false, true]])
      #expect(states(try ImageFolder(folder, split: .validation)) == [[true, true]])
      #expect(states(try ImageFolder(folder, split: .test)) == [[nil, false]])
    }
  }

  @Test func oneTableForAllSplits() throws {
    try withTemporaryFolder { folder in
      for path in ["train/x/a.png", "train/y/b.png", "test/x/c.png"] { try folder.writePicture(path) }
      try folder.write(
        text: "file,round\ntest/x/c.png,1\ntrain/y/b.png,0\ntrain/x/a.png,1\n", to: "attributes.csv")
      let parts = try [DatasetSplit.train, .validation, .test].map { try ImageFolder(folder, split: $0) }
      for part in parts {
        for image in 0..<part.count {
          #expect(part.attribute(0, at: image) == (URL(filePath: part.files[image]).lastPathComponent != "b.png"))
        }
      }
    }
  }

  @Test func aFolderWithoutSplits() throws {
    try withTemporaryFolder { folder in
      for name in ["0", "1", "2", "3"] { try folder.writePicture("\(name).png") }
      try folder.write(text: "file,odd\n" + (0..<4).map { "\($0).png,\($0 % 2)\n" }.joined(), to: "attributes.csv")
      for split in DatasetSplit.allCases {
        let part = try ImageFolder(folder, split: split)
        for image in 0..<part.count {
          let number = Int(URL(filePath: part.files[image]).deletingPathExtension().lastPathComponent)!
          #expect(part.attribute(0, at: image) == (number % 2 == 1))
        }
      }
    }
  }

  @Test func theyComeThroughSubsetsPrefixesAndFits() throws {
    try withTemporaryFolder { folder in
      try writeSplits(to: folder)
      let train = try ImageFolder(folder, split: .train)
      let subset = DatasetSubset(of: train, indices: [1, 0], as: .train)
      #expect(states(subset) == [[false, true], [true, nil]])
      #expect(states(subset.evenly(1)) == [[false, true]])
      let fitted = FittedDataset(train, shape: ImageShape(height: 2, width: 2, channels: 1))
      #expect(states(fitted) == states(train))
    }
  }

  @Test func foldersWithoutATableHaveNone() throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("a.png")
      #expect(try ImageFolder(folder, split: .train).attributeNames.isEmpty)
    }
  }

  @Test func quotedFields() throws {
    try withTemporaryFolder { folder in
      for name in ["a,b.png", "c\"d.png"] { try folder.writePicture(name) }
      try folder.write(
        text: "file,\"a \"\"b\"\", c\"\n\"c\"\"d.png\",1\n\"a,b.png\",\"0\"\n", to: "attributes.csv")
      let dataset = try ImageFolder(folder, split: .train)
      #expect(dataset.attributeNames == ["a \"b\", c"])
      #expect(states(dataset) == [[false], [true]])
    }
  }

  @Test(arguments: [
    ("", "the header should be the word file and the names of the attributes"),
    ("a.png,1\n", "the header should be the word file"),
    ("file\na.png\n", "the header should be the word file"),
    ("file,x,x\n", "none empty and none twice"),
    ("file,x\na.png,yes\n", "the attribute x of a.png (line 2) should be 1, 0 or nothing (not known), found yes."),
    ("file,x\na.png,1,0\n", "the number of columns of line 2 should be 2 as in the header, found 3."),
    ("file,x\n\nb.png,1\n", "the file of line 3 should be the path of a picture below this folder, found b.png."),
    ("file,x\na.png,1\na.png,1\n", "found a.png, also in line 2."),
    ("file,x\n", "no line for a.png; expected one for every picture."),
    ("file,x\n\"a.png,1\n", "the line 2 should be a closing double quote, found none."),
  ])
  func tablesThatCannotBe(text: String, problem: String) throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("a.png")
      let url = try folder.write(text: text, to: "attributes.csv")
      let error = #expect(throws: DatasetError.self) { try ImageFolder(folder, split: .train) }
      let description = try #require(error?.description)
      #expect(description.hasPrefix(url.path) && description.contains(problem), "\(description)")
    }
  }

  @Test func splitsHaveToAgree() throws {
    try withTemporaryFolder { folder in
      try writeSplits(to: folder)
      let test = try folder.write(text: "file,Smiling\nd.png,1\n", to: "test/attributes.csv")
      let error = #expect(throws: DatasetError.self) { try ImageFolder(folder, split: .train) }
      #expect(
        error?.description.hasPrefix("\(test.path): the header should be the attributes of") == true, "\(error!)")
    }
  }
}

import Foundation
import Imaging
import Testing

@testable import Datasets

@Suite struct ImageFolderTests {
  @Test func seededSplitsAreDisjointCompleteAndReproducible() throws {
    try withTemporaryFolder { folder in
      for i in 0..<40 { try folder.writePicture("\(i).png") }
      func names(_ split: DatasetSplit, seed: UInt64) throws -> [String] {
        try ImageFolder(folder, split: split, seed: seed).files.map { String($0.split(separator: "/").last!) }
      }
      let parts = try DatasetSplit.allCases.map { try names($0, seed: 1) }
      #expect(parts.map(\.count) == [36, 2, 2])
      #expect(Set(parts.joined()).count == 40)
      #expect(try names(.train, seed: 1) == parts[0])
      #expect(try names(.train, seed: 2) != parts[0])
      #expect(parts[0] == parts[0].sorted())
    }
  }

  @Test func threePicturesGiveOneToEachSplit() throws {
    try withTemporaryFolder { folder in
      for name in ["a.png", "b.PNG", "deep/er/c.png"] { try folder.writePicture(name) }
      for split in DatasetSplit.allCases { #expect(try ImageFolder(folder, split: split).count == 1) }
    }
  }

  @Test func twoPicturesAreForTraining() throws {
    try withTemporaryFolder { folder in
      for name in ["a.png", "b.png"] { try folder.writePicture(name) }
      #expect(try ImageFolder(folder, split: .train).count == 2)
      let error = #expect(throws: DatasetError.self) { try ImageFolder(folder, split: .test) }
      #expect(error?.description.hasSuffix("2 images cannot give a test split; at least 3 are needed.") == true)
    }
  }

  @Test(arguments: ["validation", "val"]) func subfoldersAreTheSplits(validation: String) throws {
    try withTemporaryFolder { folder in
      for (path, value) in [("train/a.png", 1), ("train/b.png", 2), ("\(validation)/c.png", 3), ("test/d.png", 4)] {
        try folder.writePicture(path, value: UInt8(value))
      }
      #expect(try ImageFolder(folder, split: .train).count == 2)
      #expect(try ImageFolder(folder, split: .validation).image(at: 0).pixels[0] == 3)
      #expect(try ImageFolder(folder, split: .test).image(at: 0).pixels[0] == 4)
    }
  }

  @Test func aMissingValidationFolderIsCutFromTrain() throws {
    try withTemporaryFolder { folder in
      for i in 0..<20 { try folder.writePicture("train/\(i).png") }
      let train = try ImageFolder(folder, split: .train, seed: 4)
      let validation = try ImageFolder(folder, split: .validation, seed: 4)
      #expect((train.count, validation.count) == (19, 1))
      #expect(!train.files.contains(validation.files[0]))
      #expect(throws: DatasetError.missingSplit(folder: folder.path, split: .test, found: ["train/"])) {
        try ImageFolder(folder, split: .test)
      }
    }
  }

  @Test func classesAreTheFoldersOneLevelBelow() throws {
    try withTemporaryFolder { folder in
      for path in ["train/cat/1.png", "train/dog/2.png", "test/dog/3.png"] { try folder.writePicture(path) }
      let test = try ImageFolder(folder, split: .test)
      #expect(test.classNames == ["cat", "dog"])
      #expect(test.label(at: 0) == 1)
      try folder.writePicture("train/stray.png")
      let train = try ImageFolder(folder, split: .train)
      #expect(train.classNames == ["cat", "dog"])
      #expect(train.notes == ["1 picture does not lie in a class folder and is not used: train/stray.png"])
    }
  }

  @Test func oneFolderBelowIsNoClass() throws {
    try withTemporaryFolder { folder in
      for i in 0..<3 { try folder.writePicture("faces/\(i).png") }
      #expect(try ImageFolder(folder, split: .train).classNames.isEmpty)
    }
  }

  @Test func mixedSizesNeedASize() throws {
    try withTemporaryFolder { folder in
      let first = try folder.writePicture("train/a.png", width: 4, height: 2)
      let second = try folder.writePicture("train/b.png", width: 3, height: 5)
      try folder.writePicture("val/c.png")
      let error = #expect(throws: DatasetError.self) { try ImageFolder(folder, split: .train) }
      #expect(
        error?.description
          == "\(first.path) is 4x2 pixels but \(second.path) is 3x5 (width x height); "
          + "give a size (--size) to crop and resize all pictures to.")
      let fitted = try ImageFolder(folder, split: .train, size: (height: 2, width: 2))
      #expect(fitted.shape == ImageShape(height: 2, width: 2, channels: 3))
      #expect(try fitted.image(at: 1).pixels.count == 12)
    }
  }

  @Test(arguments: [(1, nil, 1), (2, nil, 1), (3, nil, 3), (4, nil, 3), (1, 3, 3), (4, 1, 1)] as [(Int, Int?, Int)])
  func channelsAreThoseOfThePicturesUnlessGiven(found: Int, given: Int?, expected: Int) throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("a.png", channels: found)
      let dataset = try ImageFolder(folder, split: .train, channels: given)
      #expect(dataset.shape.channels == expected)
      #expect(try dataset.image(at: 0).channels == expected)
    }
  }

  @Test(arguments: [["train"], ["validation"], ["test"], ["train", "validation"]])
  func anyColorPictureMakesTheWholeSetColor(gray: [String]) throws {
    try withTemporaryFolder { folder in
      for part in ["train", "validation", "test"] {
        for number in 0..<3 {
          try folder.writePicture("\(part)/\(number).png", channels: gray.contains(part) ? 1 : 3, value: 9)
        }
      }
      let (train, validation) = try DatasetSource.pictures(folder: folder).openTraining(seed: 0)
      let test = try DatasetSource.pictures(folder: folder).open(split: .test, seed: 0)
      for part in [train, validation, test] {
        #expect(part.shape.channels == 3)
        #expect(try part.image(at: 0).pixels.count == 24)
        #expect(part.notes == ["\(3 * gray.count) of 9 pictures are gray; they become RGB"])
      }
      let asked = try ImageFolder(folder, split: .train, channels: 1)
      #expect(asked.shape.channels == 1)
      #expect(
        asked.notes
          == (gray.contains("train") ? [] : ["3 of 3 pictures of the train split are in color; they become gray"]))
    }
  }

  @Test func aFirstGrayPictureDoesNotMakeASeededSetGray() throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("a.png", channels: 1)
      for number in 0..<9 { try folder.writePicture("b\(number).png") }
      for split in DatasetSplit.allCases { #expect(try ImageFolder(folder, split: split).shape.channels == 3) }
      #expect(try ImageFolder(folder, split: .train).notes == ["1 of 10 pictures is gray; it becomes RGB"])
    }
  }

  @Test func aDamagedHeadDoesNotDecideOnChannels() throws {
    try withTemporaryFolder { folder in
      for number in 0..<9 { try folder.writePicture("\(number).png", channels: 1) }
      try folder.write([1, 2, 3], to: "bad.png")
      #expect(try ImageFolder(folder, split: .train, toleratingDamage: true).shape.channels == 1)
    }
  }

  @Test func namesInNotesArePrintable() throws {
    try withTemporaryFolder { folder in
      for number in 0..<3 { try folder.writePicture("a/\(number).png") }
      for number in 0..<3 { try folder.writePicture("b/\(number).png") }
      try folder.writePicture("x\ny\u{1B}[31m.png")
      #expect(try ImageFolder(folder, split: .train).notes[0].hasSuffix(#"not used: x\u{a}y\u{1b}[31m.png"#))
    }
  }

  @Test func theSizeOfTheSourcesIsKnown() throws {
    try withTemporaryFolder { folder in
      for number in 0..<3 { try folder.writePicture("train/\(number).png", width: 10 * (number + 1), height: 10) }
      try folder.writePicture("val/a.png")
      let set = try DatasetSource.pictures(folder: folder).open(split: .train, size: (4, 4), seed: 0)
      #expect(set.sourcePixels == 200 && set.evenly(2).sourcePixels == 200)
    }
  }

  @Test func aFileThatIsNoPictureIsNamedOnOpening() throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("a.png")
      let bad = try folder.write(Array("<html>".utf8), to: "b.jpg")
      #expect(throws: ImagingError.notAnImage(file: bad.path, firstBytes: "3c 68 74 6d")) {
        try ImageFolder(folder, split: .train)
      }
    }
  }

  @Test func aPictureCutShortIsNamedOnReading() throws {
    try withTemporaryFolder { folder in
      let url = try folder.writePicture("a.png")
      let whole = try Data(contentsOf: url)
      try whole.dropLast(20).write(to: url)
      let dataset = try ImageFolder(folder, split: .train)
      let error = #expect(throws: ImagingError.self) { try dataset.image(at: 0) }
      #expect(error?.description.hasPrefix("\(url.path): the PNG data is cut short") == true)
    }
  }

  @Test func aPictureThatChangedItsSizeIsNamedOnReading() throws {
    try withTemporaryFolder { folder in
      let url = try folder.writePicture("a.png", width: 4, height: 2)
      let dataset = try ImageFolder(folder, split: .train)
      try folder.writePicture("a.png", width: 2, height: 4)
      #expect(throws: DatasetError.changedSize(file: url.path, expected: "4x2", found: "2x4")) {
        try dataset.image(at: 0)
      }
    }
  }

  @Test func foldersThatCannotBe() throws {
    try withTemporaryFolder { folder in
      #expect(throws: DatasetError.noImages(folder: folder.path)) { try ImageFolder(folder, split: .train) }
      try folder.writePicture(".hidden/a.png")
      try folder.write([1], to: "notes.txt")
      let hidden = DatasetError.noImages(
        folder: folder.path, notes: ["1 picture file not used: 1 hidden (.hidden/a.png)"])
      #expect(throws: hidden) { try ImageFolder(folder, split: .train) }
      let missing = folder.appendingPathComponent("none")
      #expect(throws: DatasetError.missingFolder(folder: missing.path)) { try ImageFolder(missing, split: .train) }
      let made = "\(DatasetError.missingFolder(folder: "/home/me/swift-glow/.data/faces-32"))"
      #expect(made.hasSuffix("there is no such folder; `make faces SIZE=32` makes it."), "\(made)")
      for other in [
        "/home/.data/cats-32", "/home/data/faces-32", "/home/.data/faces", "/home/.data/faces-x", "faces-32",
      ] {
        #expect("\(DatasetError.missingFolder(folder: other))".contains("expected a folder of pictures"), "\(other)")
      }
      let file = folder.appendingPathComponent("notes.txt")
      #expect(throws: DatasetError.self) { try ImageFolder(file, split: .train) }
    }
  }
}

import Foundation
import Imaging
import Testing

@testable import Datasets

@Suite struct WebDatasetTests {
  private typealias Files = [(name: String, bytes: [UInt8])]

  private func samples(_ labels: [String?], first: Int = 0, ending: String = "cls") -> Files {
    labels.enumerated().flatMap { number, label -> Files in
      let key = "\(first + number)"
      return [("\(key).png", png(UInt8(first + number)))] + (label.map { [("\(key).\(ending)", Array($0.utf8))] } ?? [])
    }
  }

  private func labels(_ dataset: any ImageDataset) -> [String] {
    (0..<dataset.count).map { index in dataset.label(at: index).map { dataset.classNames[$0] } ?? "-" }
  }

  private func values(_ dataset: any ImageDataset) throws -> [UInt8] {
    try (0..<dataset.count).map { try dataset.image(at: $0).pixels[0] }
  }

  private func open(_ url: URL, _ split: DatasetSplit) throws -> any ImageDataset {
    try DatasetSource(parsing: url.path).open(split: split, seed: 0)
  }

  @Test func numbersOfShardsThatNameTheirSplits() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(samples(["10", "2\n"]), to: "photos-train-0000.tar")
      try folder.writeTar(samples(["2", "7"], first: 2), to: "photos-train-0001.tar")
      try folder.writeTar(samples(["7"], first: 4), to: "photos-val-0000.tar")
      try folder.writeTar(samples(["2"], first: 5), to: "photos-test-0000.tar")
      let train = try open(folder, .train)
      #expect(train.classNames == ["2", "7", "10"])
      #expect(labels(train) == ["10", "2", "2", "7"])
      #expect(try values(train) == [0, 1, 2, 3])
      #expect(try labels(open(folder, .validation)) == ["7"])
      #expect(try values(open(folder, .test)) == [5])
    }
  }

  @Test func namesInJSONOfShardsInFoldersOfSplits() throws {
    try withTemporaryFolder { folder in
      func json(_ label: String) -> String { "{\"caption\": \"a \\\"cls\\\"\", \"label\": \(label)}" }
      try folder.writeTar(samples([json("\"dog\""), json("\"cat\"")], ending: "json"), to: "train/0.tar")
      try folder.writeTar(samples([json("\"dog\"")], first: 2, ending: "json"), to: "test/0.tar")
      #expect(try open(folder, .test).classNames == ["cat", "dog"])
      #expect(try labels(open(folder, .test)) == ["dog"])
      // One of the two is cut for validation.
      #expect(try open(folder, .train).count + open(folder, .validation).count == 2)
    }
  }

  @Test func aSingleTarFileWithLabelsIsCutBySeedAsAFolderIs() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar(samples((0..<40).map { "\($0 % 2)" }), to: "one.tar")
      let parts = try DatasetSplit.allCases.map { try values(open(tar, $0)) }
      #expect(parts.map(\.count) == [36, 2, 2])
      #expect(Set(parts.joined()).count == 40)
      #expect(try labels(open(tar, .train)) == parts[0].map { "\($0 % 2)" })
      #expect(try open(tar, .train).shuffleBlock != nil)
    }
  }

  @Test func topFoldersOfASingleTarFileThatNameSplitsAreThem() throws {
    try withTemporaryFolder { folder in
      let files =
        samples(["0", "1", "0"]).map { ("train/" + $0.name, $0.bytes) }
        + samples(["1"], first: 3).map { ("test/" + $0.name, $0.bytes) }
      let tar = try folder.writeTar(files, to: "one.tar")
      #expect(try values(open(tar, .test)) == [3])
    }
  }

  @Test func wordsOfTopFoldersNameSplitsWhereAllDo() throws {
    try withTemporaryFolder { folder in
      func files(_ folders: String...) -> Files {
        folders.enumerated().flatMap { number, name in
          samples(["0", "1", "0"], first: 3 * number).map { ("\(name)/\($0.name)", $0.bytes) }
        }
      }
      let clear = try folder.writeTar(files("train_set", "test_set"), to: "one.tar")
      #expect(try values(open(clear, .test)) == [3, 4, 5])
      let unclear = try folder.writeTar(files("bullet train", "apple", "test tube"), to: "two.tar")
      #expect(try pictureSplits(at: unclear).everything(of: .train)?.files.count == 9)
    }
  }

  @Test func tarFilesInFoldersAreReadBySplitOrNamed() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(samples(["0", "1"]), to: "train_shards/0.tar")
      try folder.writeTar(samples(["0", "1"], first: 2), to: "test_shards/0.tar")
      try folder.writeTar(samples(["0", "1"], first: 4), to: "extra/0.tar")
      #expect(try values(open(folder, .test)) == [2, 3])
      #expect(
        try WebDataset(shardsIn: folder).notes == ["not read, in folders that name no split: extra/0.tar"])
    }
  }

  @Test func membersOfASampleNeedNotLieTogether() throws {
    try withTemporaryFolder { folder in
      let files = samples(["0", "1", "1"])
      let tar = try folder.writeTar(
        files.filter { $0.name.hasSuffix("cls") } + files.filter { $0.name.hasSuffix("png") }, to: "one.tar")
      #expect(try labels(#require(pictureSplits(at: tar) as? WebDataset)) == ["0", "1", "1"])
    }
  }

  private func labels(_ set: WebDataset) throws -> [String] {
    let members = try #require(try set.everything(of: .train))
    return members.labels.map { members.classNames[$0] }
  }

  @Test func withoutLabelsFoldersAreTheClasses() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(
        [("cats/0.png", png(0)), ("dogs/1.png", png(1)), ("dogs/1.json", Array("{}".utf8))], to: "a.tar")
      try folder.writeTar([("dogs/2.png", png(2))], to: "b.tar")
      #expect(try labels(WebDataset(shardsIn: folder)) == ["cats", "dogs", "dogs"])
    }
  }

  @Test func aFolderOfItsShardsNameIsNoClass() throws {
    try withTemporaryFolder { folder in
      for name in ["00000", "00001"] { try folder.writeTar([("\(name)/0.png", png(0))], to: "\(name).tar") }
      #expect(try #require(try WebDataset(shardsIn: folder).everything(of: .train)).classNames.isEmpty)
    }
  }

  @Test func whatIsNotUsedIsCounted() throws {
    try withTemporaryFolder { folder in
      var files = samples(["0", "1", nil])
      files += [("1.jpg", png(9)), ("8.cls", [0x31]), ("0.txt", Array("a cat".utf8)), ("1.txt", Array("a dog".utf8))]
      try folder.writeTar(files, to: "train-0.tar")
      try folder.writeTar(samples(["1"], first: 20), to: "extra.tar")
      let set = try WebDataset(shardsIn: folder)
      #expect(
        set.notes == [
          "not used: 1 picture without a label, 1 picture in tar files that name no split, 1 label without a picture, "
            + "1 second picture of a sample and 2 .txt files"
        ])
      #expect(try labels(set) == ["0", "1"])
    }
  }

  @Test func picturesThatLieInTheFolderItselfAreMeant() throws {
    for folders in [["cats", "dogs"], ["train", "test"]] {
      try withTemporaryFolder { folder in
        for name in folders { try folder.writePicture("\(name)/0.png") }
        try folder.writeTar(samples(["0", "1"]), to: "extra.tar")
        try folder.writeTar(samples(["0", "1"]), to: "\(folders[0])/more.tar")
        let set = try #require(pictureSplits(at: folder) as? PictureLayout)
        let archives = ["\(folders[0])/more.tar", "extra.tar"].sorted().joined(separator: " and ")
        #expect(set.notes.contains { $0.contains("not read: \(archives)") }, "\(set.notes)")
      }
    }
  }

  @Test func otherArchivesBesideShardsAreNamed() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(samples(["0", "1"]), to: "0.tar")
      for name in ["1.tar.gz", "2.zip"] { try folder.write([1], to: name) }
      #expect(try WebDataset(shardsIn: folder).notes == ["not read beside the shards: 1.tar.gz and 2.zip"])
    }
  }

  /// The text of a label, and words of the error.
  @Test(arguments: [
    ("cls", "", "the label should be a whole number or a name, in one line, found nothing"),
    ("cls", "1\n2", "in one line, found"), ("cls", String(repeating: "1", count: 300), "in one line"),
    ("json", "{\"label\": [1]}", "found field label is a list of 1"),
    ("json", "{\"label\": 1.5}", "found field label is 1.5"),
    ("json", "{\"class\": {}}", "found field class is an object"),
    ("json", "[{\"label\": 1}", "not valid JSON"), ("json", "{\"lab", "not valid JSON"),
    ("json", "{\"label\": \"\"}", "found field label is \"\""),
    ("json", String(repeating: "[", count: 5000) + "\"label\"", "JSON"),
  ])
  func damagedLabelsAreNamed(ending: String, text: String, words: String) throws {
    try withTemporaryFolder { folder in
      // Where none is sound, it is an error.
      let bad = try folder.writeTar(samples([text, text], ending: ending), to: "bad.tar")
      let error = #expect(throws: DatasetError.self) { try pictureSplits(at: bad) }
      let description = try #require(error?.description)
      #expect(description.hasPrefix("\(bad.path): 0.\(ending): the label should be") && description.contains(words))
      #expect(!description.contains("..") && !description.contains("decode"), "\(description)")
      // Else those pictures are left out, in a line.
      let sound = ending == "cls" ? ["1", "2"] : ["{\"label\": 1}", "{\"label\": 2}"]
      let tar = try folder.writeTar(samples([text] + sound + [text], ending: ending), to: "one.tar")
      let set = try #require(pictureSplits(at: tar) as? WebDataset)
      #expect(try labels(set) == ["1", "2"])
      #expect(set.notes.count == 1, "\(set.notes)")
      #expect(set.notes[0].hasPrefix("not used: 2 pictures with a damaged label (\(tar.path): 0.\(ending): "))
    }
  }

  @Test func labelsWithZerosBeforeAreLabelsOfTheirOwn() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar(samples(["10", "1", "01", "2", "1"]), to: "one.tar")
      let set = try #require(pictureSplits(at: tar) as? WebDataset)
      #expect(try labels(set) == ["10", "1", "01", "2", "1"])
      #expect(try set.everything(of: .train)?.classNames == ["01", "1", "2", "10"])
    }
  }

  @Test func namesWithMoreDotsAreKeysUpToTheLast() throws {
    try withTemporaryFolder { folder in
      let dotted = samples(["0", "1", "1"]).map { ("img." + $0.name, $0.bytes) }
      let tar = try folder.writeTar(dotted, to: "one.tar")
      #expect(try labels(#require(pictureSplits(at: tar) as? WebDataset)) == ["0", "1", "1"])
      // Beside others, as the library has it, they are further files of a sample.
      let mixed = try folder.writeTar(samples(["0", "1"]) + [("0.left.png", png(9))], to: "two.tar")
      let set = try #require(pictureSplits(at: mixed) as? WebDataset)
      #expect(set.notes == ["not used: 1 picture with another dot in the name (0.left.png)"])
    }
  }

  @Test func namesThatDifferInBytesAloneAreSamplesOfTheirOwn() throws {
    try withTemporaryFolder { folder in
      let keys = ["caf\u{E9}", "cafe\u{301}"]
      let files: Files = keys.flatMap { key in
        samples(["0", "1"]).map { (key + $0.name, $0.bytes) }
      }
      for key in keys { try folder.writeTar(files, to: "\(key).tar") }
      let set = try WebDataset(shardsIn: folder)
      #expect(try labels(set) == ["0", "1", "0", "1", "0", "1", "0", "1"] && set.notes.isEmpty)
      let all = try ImageFolder(name: "set", split: .train, #require(try set.everything(of: .train)))
      #expect(try values(all) == [0, 1, 0, 1, 0, 1, 0, 1])
      let named = try folder.writeTar(samples(keys), to: "names/one.tar")
      #expect(try pictureSplits(at: named).everything(of: .train)?.classNames.count == 2)
    }
  }

  @Test func whatGlowWroteIsNoDataInATarFile() throws {
    try withTemporaryFolder { folder in
      let run: Files = [
        ("run/samples.png", png(9)), ("run/metrics.jsonl", Array(#"{"images": 1, "trainBitsPerDimension": 3}"#.utf8)),
        ("run/checkpoints/images-1/config.json", Array(#"{"format": "swift-glow"}"#.utf8)),
      ]
      let tar = try folder.writeTar(samples(["0", "1"]) + run, to: "one.tar")
      let set = try #require(pictureSplits(at: tar) as? WebDataset)
      #expect(try labels(set) == ["0", "1"] && set.notes == ["not used: 1 picture that glow wrote"])
      for layout in [
        try folder.writeTar(run + [("1.png", png(1))], to: "a.tar"),
        try folder.writeZip(run + [("1.png", png(1))], to: "a.zip"),
      ] {
        let all = try #require(try pictureSplits(at: layout).everything(of: .train))
        #expect(all.files == ["1.png"] && all.notes == ["run/ is a run of glow: its 1 picture is left out"])
      }
    }
  }

  @Test func looseFilesAndTarFilesWithoutLabelsAreSaid() throws {
    try withTemporaryFolder { folder in
      for name in ["a", "b"] { try folder.writeTar(samples([nil, nil]), to: "\(name).tar") }
      #expect(try WebDataset(shardsIn: folder).notes.map { $0.prefix(36) } == ["2 tar files are one set without clas"])
      try folder.writePicture("preview.png")
      #expect(try WebDataset(shardsIn: folder).notes.first == "1 picture beside the shards not used: preview.png")
      let loose = try #require(pictureSplits(at: folder) as? PictureLayout)
      #expect(loose.notes.contains { $0.contains("move the pictures away to have tar files read as shards") })
    }
  }

  @Test func oneLabelIsNoClass() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(samples(["5", "5", "5"]), to: "a.tar")
      #expect(try open(folder, .train).classNames.isEmpty)
    }
  }

  @Test(
    arguments: [
      ("train-0001.tar", DatasetSplit.train), ("imagenet1k-validation-00.tar", .validation), ("Test_3.tar", .test),
      ("valid/00000.tar", .validation), ("training.tar", .train), ("0001.tar", nil), ("train-test.tar", nil),
      ("constraint-01.tar", nil),
    ] as [(String, DatasetSplit?)])
  func splitsOfShards(path: String, split: DatasetSplit?) { #expect(WebDataset.split(ofShard: path) == split) }

  @Test func aDamagedShardIsNamed() throws {
    try withTemporaryFolder { folder in
      try folder.writeTar(samples(["0", "1"]), to: "a.tar")
      let shard = try folder.writeTar(samples(["0", "1"]), to: "b.tar")
      try Data(contentsOf: shard).prefix(600).write(to: shard)
      let error = #expect(throws: DatasetError.self) { try open(folder, .train) }
      #expect(error?.description.hasPrefix(shard.path) == true)
    }
  }
}

import Foundation
import Imaging
import Testing

@testable import Datasets

/// Files in memory.
struct TreeInMemory: FileTree {
  let paths: [String]
  var strays: [TreeStray] = []
  var pixelLimit = PixelImage.defaultPixelLimit
  private let contents: [String: [UInt8]]

  let location = "/set"

  init(_ paths: [String], contents: [String: String] = [:], strays: [TreeStray] = []) {
    self.paths = (paths + contents.keys).sorted(by: isOrderedBefore)
    self.contents = contents.mapValues { Array($0.utf8) }
    self.strays = strays
  }

  func read(_ path: String, atMost limit: Int) -> [UInt8] { Array((contents[path] ?? []).prefix(limit)) }

  func name(of path: String) -> String { location + "/" + path }
}

/// `folder/0.png` and so on.
private func pictures(_ folder: String, _ count: Int, _ ending: String = "png") -> [String] {
  (0..<count).map { "\(folder.isEmpty ? "" : folder + "/")\($0).\(ending)" }
}

private func layout(_ paths: [String]..., contents: [String: String] = [:]) throws -> PictureLayout {
  try PictureLayout(of: TreeInMemory(Array(paths.joined()), contents: contents))
}

private func counts(_ layout: PictureLayout) throws -> [DatasetSplit: Int] {
  try Dictionary(
    uniqueKeysWithValues: DatasetSplit.allCases.compactMap { split in
      try layout.everything(of: split).map { (split, $0.files.count) }
    })
}

@Suite struct SplitFolderTests {
  @Test(arguments: [
    ["train", "validation", "test"], ["training", "valid", "testing"], ["Train", "VAL", "Test"],
    ["TRAIN", "dev", "TEST"], ["trn", "Validate", "tst"],
  ]) func splitsHaveSeveralNamesInAnyCase(names: [String]) throws {
    let layout = try layout(pictures(names[0], 5), pictures(names[1], 2), pictures(names[2], 3))
    #expect(try counts(layout) == [.train: 5, .validation: 2, .test: 3])
    #expect(layout.notes.isEmpty)
    #expect(try layout.members(of: .validation, seed: 0).files == pictures(names[1], 2))
  }

  @Test func twoFoldersForASplitAreRefused() throws {
    let error = #expect(throws: DatasetError.self) {
      try layout(pictures("train", 5), pictures("val", 2), pictures("valid", 2))
    }
    #expect(error?.description.contains("val/ and valid/ are both named as the validation split") == true)
  }

  @Test(arguments: ["train", "Test", "dev"]) func aClassMayBeCalledAsASplitIs(name: String) throws {
    let layout = try layout(pictures(name, 5), pictures("cars", 5), pictures("planes", 5))
    let all = try #require(try layout.everything(of: .train))
    #expect(all.files.count == 15 && Set(all.classNames) == [name, "cars", "planes"])
    #expect(layout.notes.count == 1 && layout.notes[0].hasPrefix("\(name)/ is a class here"))
    #expect(layout.notes[0].contains("cars/ and planes/"))
  }

  @Test func whatStandsBesideSplitsIsCounted() throws {
    let layout = try layout(
      pictures("train/a", 4), pictures("train/b", 4), pictures("test/a", 2), pictures("unlabeled", 20), ["cover.png"])
    #expect(try counts(layout) == [.train: 8, .test: 2])
    #expect(
      layout.notes == ["21 pictures beside test/ and train/ are not used: 20 in unlabeled/ and cover.png"])
  }

  @Test func aTrainingFolderWithClassesIsASplitBesideOthers() throws {
    let layout = try layout(pictures("train/a", 4), pictures("train/b", 4), pictures("raw", 6))
    #expect(try counts(layout) == [.train: 8])
    #expect(layout.notes == ["6 pictures beside train/ are not used: 6 in raw/"])
  }

  @Test func extraPicturesAreNoClass() throws {
    let layout = try layout(pictures("train", 4), pictures("extra", 6))
    #expect(try counts(layout) == [.train: 4])
    #expect(layout.notes == ["6 pictures beside train/ are not used: 6 in extra/"])
  }

  @Test func picturesBesideATestFolderAloneAreAskedAbout() throws {
    let layout = try layout(pictures("test", 4), pictures("", 6))
    let error = #expect(throws: DatasetError.self) { try layout.members(of: .train, seed: 0) }
    #expect(error?.description == "/set: there is no train folder; found only test/, 6 pictures beside.")
  }

  @Test func aSplitWithoutPicturesIsSaid() throws {
    let empty = TreeInMemory(pictures("train", 8), strays: [TreeStray(path: "val", kind: .emptyFolder)])
    for tree in [empty, TreeInMemory(pictures("train", 8) + pictures("val", 2, "bmp"))] {
      let layout = try PictureLayout(of: tree)
      #expect(layout.notes.first == "val/ holds no pictures")
      #expect(throws: DatasetError.self) { try layout.members(of: .validation, seed: 0) }
    }
  }

  @Test(arguments: [
    ["train_set", "test_set"], ["seg_train", "seg_test"], ["train images", "test images"],
    ["TrainImages", "TestImages"],
    ["trainset", "testset"], ["train2017", "test"], ["DIV2K_train_HR", "DIV2K_test_HR"],
  ]) func wordsThatNameSplitsAreSaid(names: [String]) throws {
    let layout = try layout(pictures(names[0] + "/a", 5), pictures(names[0] + "/b", 5), pictures(names[1] + "/a", 3))
    #expect(try counts(layout) == [.train: 10, .test: 3])
    #expect(try layout.everything(of: .train)?.classNames == ["a", "b"])
    #expect(layout.notes.count == 1 && layout.notes[0].contains("\(names[0])/ is taken for the train split"))
  }

  @Test(arguments: [
    ["train station", "airport"], ["trainA", "trainB", "testA", "testB"], ["train_a", "test_a", "holdout"],
    ["train_a", "test_train"], ["test_a", "val_a"], ["constraint", "train_x"],
  ]) func wordsThatAreNotClearAreClassesWhichIsSaid(names: [String]) throws {
    let layout = try layout(names.flatMap { pictures($0, 4) })
    let all = try #require(try layout.everything(of: .train))
    #expect(all.classNames == names.sorted())
    #expect(layout.notes.count == 1 && layout.notes[0].contains("taken for no split"), "\(layout.notes)")
  }

  @Test func aFolderWithinASplitThatHoldsAllItsFoldersIsTaken() throws {
    let layout = try layout(
      pictures("seg_train/seg_train/a", 5), pictures("seg_train/seg_train/b", 5), pictures("seg_test/seg_test/b", 3))
    #expect(try counts(layout) == [.train: 10, .test: 3])
    #expect(try layout.everything(of: .test)?.labels == [1, 1, 1])
    #expect(
      layout.notes == [
        "seg_test/seg_test/ is taken for the test split and seg_train/seg_train/ is taken for the train split"
      ])
    // What is named alike is no class, and no split.
    let more = try PictureLayout(
      of: TreeInMemory(pictures("seg_train/a", 5) + pictures("seg_test/a", 3) + pictures("seg_pred/seg_pred", 4)))
    #expect(try counts(more) == [.train: 5, .test: 3])
    #expect(more.notes.last == "4 pictures beside seg_test/ and seg_train/ are not used: 4 in seg_pred/")
    // A class that is alone is no such folder.
    let alone = try PictureLayout(of: TreeInMemory(pictures("train/a", 5) + pictures("test/b", 3)))
    #expect(try alone.everything(of: .train)?.classNames == ["a", "b"] && alone.notes.isEmpty)
  }

  @Test func splitsWithinSeveralFoldersAreSaid() throws {
    let layout = try layout(["a", "b"].flatMap { pictures("\($0)/train/good", 3) + pictures("\($0)/test/bad", 3) })
    #expect(try counts(layout) == [.train: 12])
    #expect(layout.notes.first?.hasPrefix("a/test/, a/train/, b/test/ and b/train/ are taken for no splits") == true)
  }

  @Test func aFolderAroundSplitsOrClassesIsNamed() throws {
    for inner in ["train", "cats"] {
      let layout = try layout(pictures("photos/\(inner)", 4), pictures("photos/dogs", 4))
      #expect(layout.notes.count == 1 && layout.notes[0].contains("name that folder, /set/photos"))
    }
    #expect(try layout(pictures("faces", 5)).notes.isEmpty)
  }
}

@Suite struct PictureClassesTests {
  @Test func strayPicturesLeaveTheClasses() throws {
    for stray in ["cover.png", "cats/deeper/1.png"] {
      let layout = try layout(pictures("cats", 3), pictures("dogs", 3), [stray])
      let all = try #require(try layout.everything(of: .train))
      #expect(all.classNames == ["cats", "dogs"] && all.labels == [0, 0, 0, 1, 1, 1])
      #expect(layout.notes == ["1 picture does not lie in a class folder and is not used: \(stray)"])
    }
  }

  @Test func manyPicturesElsewhereTakeTheClassesAway() throws {
    let layout = try layout(pictures("cats", 5), pictures("dogs", 5), pictures("", 4))
    let all = try #require(try layout.everything(of: .train))
    #expect(all.classNames.isEmpty && all.files.count == 14)
    #expect(layout.notes.count == 1 && layout.notes[0].hasPrefix("no classes: 4 of 14 pictures"))
  }

  @Test func deepFoldersAreNoClassesWhichIsSaid() throws {
    for paths in [pictures("2021/may", 5) + pictures("2022/june", 5), pictures("a/b/c", 5)] {
      let layout = try layout(paths)
      #expect(try layout.everything(of: .train)?.classNames == [])
      #expect(
        layout.notes.count == 1 && layout.notes[0].hasPrefix("no classes: \(paths.count) of \(paths.count) pictures"))
    }
    #expect(try layout(pictures("", 50), pictures("faces", 3)).notes.isEmpty)
  }

  @Test func namesAreToldApartByTheirBytes() throws {
    // One letter, or a letter and an accent: `==` of Swift's strings knows no difference.
    let names = ["caf\u{E9}", "cafe\u{301}", #"caf\xE9"#, #"caf\x5CxE9"#]
    let layout = try layout(names.flatMap { pictures($0, 3) })
    let all = try #require(try layout.everything(of: .train))
    #expect(all.classNames.map { Array($0.utf8) } == names.sorted(by: isOrderedBefore).map { Array($0.utf8) })
    #expect(Dictionary(grouping: all.labels) { $0 }.mapValues(\.count) == [0: 3, 1: 3, 2: 3, 3: 3])
    for (file, label) in zip(all.files, all.labels) {
      #expect(file.utf8.starts(with: all.classNames[label].utf8))
    }
  }

  @Test func rowsOfAttributesNamePicturesByTheirBytes() throws {
    let (composed, apart) = ("\u{E9}.png", "e\u{301}.png")
    func bright(_ paths: [String], _ rows: [(String, Int)]) throws -> [Bool?] {
      let table = "file,bright\n" + rows.map { "\($0.0),\($0.1)\n" }.joined()
      let all = try #require(try layout(paths, contents: ["attributes.csv": table]).everything(of: .train))
      return paths.sorted(by: isOrderedBefore).indices.map { all.attributes?[$0, 0] }
    }
    #expect(try bright([composed, apart], [(composed, 1), (apart, 0)]) == [false, true])
    // A table may be typed on another system than the files were named on, where there is no doubt.
    #expect(try bright([apart], [(composed, 1)]) == [true])
    #expect(throws: DatasetError.self) { try bright([composed, apart], [(composed, 1), (composed, 0)]) }
  }

  @Test func aRowOfAttributesMayNameAPictureThatIsNotUsed() throws {
    let rows = (pictures("cats", 3) + pictures("dogs", 3) + ["cover.png"]).map { "\($0),1\n" }
    let layout = try layout(
      pictures("cats", 3), pictures("dogs", 3), ["cover.png"],
      contents: ["attributes.csv": "file,bright\n" + rows.joined()])
    #expect(try layout.everything(of: .train)?.attributes?.count == 6)
  }
}

@Suite struct UnusedFileTests {
  @Test func picturesOfOtherFormatsAndHiddenOnesAreCounted() throws {
    let layout = try layout(
      pictures("", 4), pictures("b", 4, "bmp"), pictures("g", 3, "GIF"),
      ["._0.png", ".thumb/1.jpg", "__MACOSX/._1.png"])
    #expect(layout.notes.count == 1)
    #expect(layout.notes[0].hasPrefix("10 picture files not used: 4 .bmp, 3 .gif, 3 hidden (._0.png, .thumb/1.jpg and"))
    #expect(layout.notes[0].contains(PictureExtensions.conversionAdvice(for: "bmp")))
    #expect(try counts(layout) == [.train: 4])
  }

  @Test(arguments: ["jfif", "JPE", "jpeg", "webp"]) func everyEndingOfAFormatThatIsReadCounts(ending: String) throws {
    let layout = try layout(pictures("", 3, ending))
    #expect(try counts(layout) == [.train: 3] && layout.notes.isEmpty)
  }

  @Test func aFolderOfOtherFormatsAloneSaysSo() throws {
    let error = #expect(throws: DatasetError.self) { try layout(pictures("", 12, "tiff")) }
    #expect(error?.description.contains("12 picture files not used: 12 .tiff") == true)
  }

  @Test func tablesAndManyOtherFilesAreSaid() throws {
    let layout = try layout(pictures("", 20), pictures("", 20, "txt"), ["labels.csv", "attributes.csv.bak"])
    #expect(layout.notes.count == 2)
    #expect(layout.notes[0].hasPrefix("not read: labels.csv; ") && layout.notes[1].contains("20 .txt"))
    #expect(try PictureLayout(of: TreeInMemory(pictures("", 20) + ["README.md"])).notes.isEmpty)
  }

  @Test func picturesWithoutTheEndingOfOneAreCounted() throws {
    let gif = "GIF89a"
    let layout = try layout(
      pictures("", 4),
      contents: ["photo": gif, "b.jpg_large": gif, "c.1": gif, "d.txt": gif, "README": "GIF", "Makefile": "BM all:"])
    #expect(layout.notes.count == 1, "\(layout.notes)")
    #expect(
      layout.notes[0].hasPrefix(
        "3 picture files without the ending of one are not used: b.jpg_large, c.1 and photo; rename them"))
  }

  @Test func labelsBesidePicturesAreNamed() throws {
    let layout = try layout(pictures("", 4), pictures("", 4, "cls"))
    #expect(
      layout.notes.count == 1 && layout.notes[0].hasPrefix("not read: 4 .cls files (0.cls, 1.cls, 2.cls and 3.cls)"))
  }

  @Test func tablesOfAttributesAreFoundInAnyCaseAndThoseNotReadAreNamed() throws {
    let rows = "file,bright\n" + pictures("", 4).map { "\($0),1\n" }.joined()
    let layout = try layout(pictures("", 4), contents: ["Attributes.CSV": rows, "old/attributes.csv": rows])
    #expect(try layout.everything(of: .train)?.attributes?.count == 4)
    #expect(layout.notes.count == 1 && layout.notes[0].hasPrefix("not read: old/attributes.csv; "))
    let two = try PictureLayout(
      of: TreeInMemory(pictures("", 4), contents: ["ATTRIBUTES.CSV": "nothing", "attributes.csv": rows]))
    #expect(try two.everything(of: .train)?.attributes?.count == 4)
    #expect(two.notes.first?.hasPrefix("not read: ATTRIBUTES.CSV; ") == true)
  }

  @Test func neighborsOfTheLeastCount() throws {
    for (paths, least) in [(pictures("", 3), 3), (pictures("train", 2), 2)] {
      #expect(try layout(paths).members(of: .validation, seed: 0).files.count == 1)
      let error = #expect(throws: DatasetError.self) {
        try layout(Array(paths.dropLast())).members(of: .validation, seed: 0)
      }
      #expect(error?.description.contains("at least \(least) are needed") == true)
    }
  }
}

@Suite struct OwnFolderTests {
  private let model = #"{"format": "swift-glow", "version": 1}"#
  private let metrics = #"{"images": 64, "step": 4, "trainBitsPerDimension": 3.5}"# + "\n"

  @Test func runsModelsPackedSetsAndReportsAreLeftOut() throws {
    let layout = try layout(
      pictures("cats", 3), pictures("dogs", 3), ["cats/run/samples.png", "run2/samples.png"],
      ["report/shapes.png", "report/bits-per-dimension.svg"],
      contents: [
        "cats/run/checkpoints/images-64/config.json": model, "run2/metrics.jsonl": metrics, "model/config.json": model,
        "packed/dataset.json": #"{"format": "swift-glow packed images"}"#,
        "report/index.html": #"<html><meta name="generator" content="swift-glow">"#,
        "report/README.md": "# A run\n\n![Shapes](shapes.png)\n\n![Curves](bits-per-dimension.svg)\n",
      ])
    let all = try #require(try layout.everything(of: .train))
    #expect(all.files.count == 6 && all.classNames == ["cats", "dogs"])
    #expect(
      layout.notes == [
        "cats/run/ is a run of glow: its 1 picture is left out",
        "report/ is a report of glow: its 2 pictures are left out",
        "run2/ is a run of glow: its 1 picture is left out",
      ])
  }

  /// The folder that is one of Glow's, or the tree itself.
  @Test(arguments: ["", "mine/"]) func whatAPersonPutThereIsData(folder: String) throws {
    for (mark, text) in [
      ("metrics.jsonl", metrics), ("checkpoints/images-64/config.json", model), ("config.json", model),
      ("dataset.json", #"{"format": "swift-glow packed images"}"#),
      ("index.html", #"<html><meta name="generator" content="swift-glow">"#),
    ] {
      let own = ["figures/0.png", "figures/1.png", "0.png", "samples.png"].map { folder + $0 }
      let layout = try layout(own, contents: [folder + mark: text])
      let files = try #require(try layout.everything(of: .train)).files
      let isRun = mark.hasSuffix("jsonl") || mark.hasPrefix("checkpoints")
      #expect(files == (isRun ? own.filter { !$0.hasSuffix("samples.png") } : own).sorted(by: isOrderedBefore))
      #expect(
        layout.notes.contains {
          $0.hasPrefix("\(folder.isEmpty ? "the folder" : folder) is ")
            && $0.hasSuffix(
              isRun
                ? "its 1 picture is left out and 3 other pictures in it count as data"
                : "4 pictures in it count as data")
        }, "\(layout.notes)")
    }
  }

  @Test func filesOfOthersOfTheSameNameAreNone() throws {
    let layout = try layout(
      pictures("a", 5), pictures("b", 5),
      contents: [
        "a/config.json": #"{"format": "other"}"#, "b/metrics.jsonl": "{\"loss\": 1}\n", "b/index.html": "<html>",
        "a/log.jsonl": "no JSON", "a/dataset.json": "[]",
      ])
    #expect(try layout.everything(of: .train)?.files.count == 10)
  }
}

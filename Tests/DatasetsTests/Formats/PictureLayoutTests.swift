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
    ["TRAIN", "dev", "TEST"],
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

  @Test func deepFoldersAreNoClassesAndNoNews() throws {
    let layout = try layout(pictures("2021/may", 5), pictures("2022/june", 5))
    #expect(try layout.everything(of: .train)?.classNames == [] && layout.notes.isEmpty)
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
      pictures("cats", 3), pictures("dogs", 3), ["cats/run/samples.png", "run2/samples.png"], pictures("report", 5),
      pictures("model", 1), pictures("packed", 2),
      contents: [
        "cats/run/checkpoints/images-64/config.json": model, "run2/metrics.jsonl": metrics, "model/config.json": model,
        "packed/dataset.json": #"{"format": "swift-glow packed images"}"#,
        "report/index.html": #"<html><meta name="generator" content="swift-glow">"#,
      ])
    let all = try #require(try layout.everything(of: .train))
    #expect(all.files.count == 6 && all.classNames == ["cats", "dogs"])
    #expect(
      layout.notes == [
        "cats/run/ is a run of glow: its 1 picture is left out",
        "model/ is a model of glow: its 1 picture is left out",
        "packed/ is a packed data set of glow: its 2 pictures are left out",
        "report/ is a report of glow: its 5 pictures are left out",
        "run2/ is a run of glow: its 1 picture is left out",
      ])
  }

  @Test func ofAFolderThatIsARunItselfOnlyWhatTheRunWroteIsLeftOut() throws {
    let layout = try layout(
      pictures("", 5), ["samples.png"],
      contents: ["metrics.jsonl": metrics, "checkpoints/images-64/config.json": model])
    #expect(try layout.everything(of: .train)?.files == pictures("", 5))
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

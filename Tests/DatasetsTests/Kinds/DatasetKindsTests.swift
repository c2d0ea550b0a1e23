import Foundation
import Testing

@testable import Datasets

@Suite struct DatasetKindsTests {
  /// A kind as someone might add it: one type, here beside the list.
  private struct Tiles: DatasetKind {
    let name = "tiles"
    let entry = DatasetEntry(
      spelling: "tiles:FOLDER", title: "Tiles", images: "1x1", origin: "this test", terms: "none", files: ["none"])
    let options = [Self.side, Self.mirrored]
    static let side = DatasetOption("side", "PIXELS", otherNames: ["edge"])
    static let mirrored = DatasetOption(flag: "mirrored")

    func open(_ location: DatasetLocation, _ request: DatasetRequest) throws -> any ImageDataset {
      CountingDataset(count: location[Self.side] ?? 24)
    }
  }

  @Test func aKindOfOnesOwn() throws {
    let kinds = DatasetKinds.all + [Tiles()]
    func source(_ text: String) throws -> DatasetSource { try DatasetSource(parsing: text, among: kinds) }
    for (text, written) in [
      ("tiles:/a:b", "tiles:/a:b"), ("tiles,mirrored,side=48:/a", "tiles,side=48,mirrored:/a"),
      ("tiles,edge=48:/a", "tiles,side=48:/a"),
    ] {
      #expect(try source(text).description == written)
      #expect(try source(written) == source(text))
    }
    let parts = try source("tiles,side=48:/a").openTraining(size: (2, 1), channels: 3, seed: 0)
    #expect((parts.train.count, parts.validation.count) == (44, 4))
    #expect(parts.train.shape == ImageShape(height: 2, width: 1, channels: 3))
    #expect(try source("tiles:/a").openForChecking(.validation) == nil)
    #expect(try source("tiles:/a").openForChecking(.train)?.count == 24)
    for (option, expected) in [
      ("corner=3", "the option \"corner=\" cannot be; expected side=PIXELS or mirrored."),
      ("mirrored=3", "the option \"mirrored=\" cannot be; expected side=PIXELS or mirrored."),
      ("side=0", "the option \"side=0\" cannot be; expected NAME=NUMBER, a number from 1 to 65536."),
      ("side=1,side=2", "the option \"side=2\" cannot be; expected side once."),
    ] {
      let error = #expect(throws: DatasetError.self) { try source("tiles,\(option):/a") }
      #expect(error?.description == "tiles: " + expected)
    }
    #expect(throws: DatasetError.unknownSource(text: "tiles")) { try source("tiles") }
    #expect(throws: DatasetError.unknownSource(text: "tiles:/a")) { try DatasetSource(parsing: "tiles:/a") }
  }

  @Test func namesDiffer() {
    let names = DatasetKinds.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(DatasetKinds.entries.map(\.spelling)).count == names.count)
    #expect(names.contains(DatasetKinds.ofPaths.name))
    for name in names { #expect(DatasetError.unknownSource(text: "").description.contains(name)) }
  }

  @Test(arguments: DatasetKinds.all.indices) func everyKindIsListedAndReadsWhatItWrites(index: Int) throws {
    let kind = DatasetKinds.all[index]
    let entry = kind.entry
    let isOfPaths = kind.name == DatasetKinds.ofPaths.name
    #expect(isOfPaths || entry.spelling.hasPrefix(kind.name), "\(entry.spelling)")
    #expect([entry.title, entry.images, entry.origin, entry.terms].allSatisfy { !$0.isEmpty } && !entry.files.isEmpty)
    for option in kind.options {
      #expect(entry.options.contains { $0.contains("\(kind.name),\(option.name)") }, "\(option.name) is not listed")
    }

    let options = kind.options.map { "," + $0.written(32) }
    for text in [
      "\(kind.name):/a/b:c", kind.name + options.joined() + ":/a", kind.name + (options.first ?? "") + ":/a",
    ] {
      let source = try DatasetSource(parsing: text)
      #expect(source.description == (isOfPaths && !text.contains(",") ? String(text.drop { $0 != "/" }) : text))
      #expect(try DatasetSource(parsing: source.description) == source)
    }
    #expect(try kind.defaultDirectory == nil || DatasetSource(parsing: kind.name).description == kind.name)

    let known = kind.options.isEmpty ? "none: it has no options" : kind.options.map(\.form).joined(separator: " or ")
    #expect(throws: DatasetError.wrongOption(source: kind.name, option: "zebra=", expected: known)) {
      try DatasetSource(parsing: "\(kind.name),zebra=1:/a")
    }
  }

  @Test(arguments: [
    ("celeba", "center=PIXELS"), ("tfrecord", "classes=NUMBER or attributes"), ("lsun-tower", "crop=PIXELS"),
    ("lsun-bedroom", "crop=PIXELS"), ("cifar10", "none: it has no options"), ("packed", "none: it has no options"),
  ])
  func whatIsExpectedInPlaceOfAnUnknownOption(kind: String, expected: String) {
    let error = #expect(throws: DatasetError.self) { try DatasetSource(parsing: "\(kind),zebra:/a") }
    #expect(error?.description == "\(kind): the option \"zebra\" cannot be; expected \(expected).")
  }

  @Test func centreIsReadToo() throws {
    let source = try DatasetSource(parsing: "celeba,centre=148:/a")
    #expect(source.description == "celeba,center=148:/a")
    #expect(source == .celebA(directory: URL(fileURLWithPath: "/a"), center: 148))
    #expect(throws: DatasetError.wrongOption(source: "celeba", option: "centre=", expected: "center=PIXELS")) {
      try DatasetSource(parsing: "celeba,center=1,centre=2:/a")
    }
  }
}

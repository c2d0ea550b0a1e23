import CDataFormats
import Foundation
import Imaging
import Synchronization
import Testing

@testable import Datasets

/// The bytes of a PNG picture of one value.
func png(_ value: UInt8, channels: Int = 3) -> [UInt8] {
  try! PixelImage(width: 4, height: 2, channels: channels, filledWith: value).encodePNG()
}

@Suite struct ArchiveTests {
  private func tree(_ url: URL) throws -> any FileTree { try #require(try fileTree(at: url)) }

  enum Packing: String, CaseIterable {
    case storedZip, deflatedZip, ustar, gnutar, pax
  }

  private func write(
    _ files: [(name: String, bytes: [UInt8])], as packing: Packing, to name: String = "photos", in folder: URL
  ) throws -> URL {
    switch packing {
    case .storedZip: try folder.writeZip(files, to: name + ".zip")
    case .deflatedZip: try folder.writeZip(files, to: name + ".zip", isDeflated: true)
    case .ustar, .gnutar, .pax:
      try folder.writeTar(files, to: name + ".tar", format: TarFormat(rawValue: packing.rawValue)!)
    }
  }

  /// A tree with all that the rules for folders look at.
  private static let trees: [[(name: String, bytes: [UInt8])]] = [
    (0..<40).map { ("\($0).png", png(UInt8($0))) },
    ["cats", "dogs", "größe & co"].flatMap { name in (0..<9).map { ("\(name)/\($0).png", png(UInt8($0))) } },
    ["train/a", "train/b", "val/a", "test/b"].enumerated().flatMap { number, name in
      (0..<3).map { ("\(name)/\($0).png", png(UInt8(10 * number + $0))) }
    },
    (0..<4).map { ("\($0).png", png(UInt8($0))) }
      + [("attributes.csv", Array("file,Big\n0.png,1\n1.png,0\n2.png,\n3.png,1\n".utf8))],
  ]

  @Test(arguments: trees.indices, Packing.allCases)
  func anArchiveIsReadAsItsFolder(number: Int, packing: Packing) throws {
    try withTemporaryFolder { folder in
      let files = Self.trees[number]
      let plain = folder.appendingPathComponent("plain")
      for file in files { try plain.write(file.bytes, to: file.name) }
      for top in ["", "photos/", "home/me/photos/"] {
        let archive = try write(files.shuffled().map { (top + $0.name, $0.bytes) }, as: packing, in: folder)
        for split in DatasetSplit.allCases {
          let (a, b) = try (
            DatasetSource(parsing: plain.path).open(split: split, seed: 3),
            DatasetSource(parsing: archive.path).open(split: split, seed: 3)
          )
          #expect(DatasetFingerprint(of: a) == DatasetFingerprint(of: b))
          #expect((0..<a.count).map(a.label) == (0..<b.count).map(b.label))
          #expect(a.attributeNames == b.attributeNames)
        }
      }
    }
  }

  @Test(arguments: Packing.allCases) func namesOfEveryKindAreRead(packing: Packing) throws {
    try withTemporaryFolder { folder in
      let names = [
        "a b.png", "é ü.png", "\(String(repeating: "long", count: 22))/\(String(repeating: "x", count: 90)).png",
      ]
      let archive = try write(names.enumerated().map { ($1, png(UInt8($0))) }, as: packing, in: folder)
      let tree = try tree(archive)
      #expect(Set(tree.paths) == Set(names))
      for (number, name) in names.enumerated() {
        #expect(try tree.read(name) == png(UInt8(number)))
        #expect(tree.name(of: name) == "\(archive.path): \(name)")
      }
    }
  }

  @Test func namesThatAreNotUTF8AreRead() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar([("ab.png", png(1))], to: "a.tar", format: .ustar)
      var bytes = try [UInt8](Data(contentsOf: tar))
      bytes[0] = 0xE9
      putChecksumRight(&bytes)
      try Data(bytes).write(to: tar)
      let tree = try tree(tar)
      #expect(tree.paths == ["\\xE9b.png"])
      #expect(try tree.read(tree.paths[0]) == png(1))
    }
  }

  @Test func hiddenFilesAndThoseOfMacOSAreNotThePictures() throws {
    try withTemporaryFolder { folder in
      let zip = try folder.writeZip(
        [("photos/a.png", png(1)), ("__MACOSX/photos/._a.png", [0, 5, 22, 7]), ("photos/.DS_Store", [1])], to: "a.zip")
      #expect(try ImageFolder(zip, split: .train).files == ["\(zip.path): photos/a.png"])
    }
  }

  @Test func aTopFolderThatNamesASplitIsOne() throws {
    try withTemporaryFolder { folder in
      let zip = try folder.writeZip((0..<20).map { ("photos/train/\($0).png", png(UInt8($0))) }, to: "a.zip")
      #expect(throws: DatasetError.self) { try ImageFolder(zip, split: .test) }
      #expect(try ImageFolder(zip, split: .validation).count == 1)
    }
  }

  @Test func backslashesInZipFilesAreSlashes() throws {
    try withTemporaryFolder { folder in
      let zip = try folder.writeZip([("a\\1.png", png(1)), ("b\\1.png", png(2))], to: "a.zip")
      #expect(try tree(zip).paths == ["a/1.png", "b/1.png"])
    }
  }

  @Test func ofTwoFilesOfANameTheLaterCounts() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar(["a.png", "./a.png"].enumerated().map { ($1, png(UInt8($0))) }, to: "a.tar")
      let tree = try tree(tar)
      #expect(try tree.read("a.png") == png(1))
      #expect(tree.strays == [TreeStray(path: "a.png", kind: .replaced)])
    }
  }

  @Test func whatIsNoFileIsLeftOutAndKnown() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar(
        [
          .folder("d"), .file("d/a.png", png(1)), .hardLink("b.png", to: "d/a.png"), .hardLink("c.png", to: "none.png"),
          .symbolicLink("e.png", to: "d/a.png"), .pipe("f.png"), .file("../up.png", png(2)), .file("/abs.png", png(3)),
          .file(".", png(4)),
        ], to: "a.tar")
      let tree = try tree(tar)
      #expect(tree.paths == ["abs.png", "b.png", "d/a.png"])
      #expect(try tree.read("b.png") == png(1))
      #expect(
        tree.strays == [
          TreeStray(path: "c.png", kind: .archivedLink), TreeStray(path: "e.png", kind: .archivedLink),
          TreeStray(path: "f.png", kind: .special), TreeStray(path: "../up.png", kind: .outside),
          TreeStray(path: "\".\"", kind: .nameless),
        ])
    }
  }

  @Test func tarFilesJoinedByCatAreReadToTheEnd() throws {
    try withTemporaryFolder { folder in
      let parts = try ["a", "b"].map { try folder.writeTar([("\($0).png", png(1))], to: "\($0).tar") }
      try Data(parts.map { try Data(contentsOf: $0) }.joined()).write(to: folder.appendingPathComponent("c.tar"))
      #expect(try tree(folder.appendingPathComponent("c.tar")).paths == ["a.png", "b.png"])
    }
  }

  @Test(arguments: Packing.allCases) func onlyTheBytesAskedForAreRead(packing: Packing) throws {
    try withTemporaryFolder { folder in
      let contents = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) }
      let tree = try tree(write([("a.png", contents), ("empty.png", [])], as: packing, in: folder))
      #expect(try tree.read("a.png", atMost: 10) == Array(contents.prefix(10)))
      #expect(try tree.read("a.png") == contents)
      #expect(try tree.read("empty.png").isEmpty)
    }
  }

  @Test(arguments: Packing.allCases) func manyThreadsReadAtOnce(packing: Packing) throws {
    try withTemporaryFolder { folder in
      let files = (0..<200).map { ("\($0).png", (0..<$0 * 50).map { UInt8(truncatingIfNeeded: $0 &* 31) }) }
      let tree = try tree(write(files, as: packing, in: folder))
      let wrong = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 16) { thread in
        for k in files.indices {
          let (name, bytes) = files[(k * 7 + thread * 13) % files.count]
          if (try? tree.read(name)) != bytes { wrong.withLock { $0.append(name) } }
        }
      }
      #expect(wrong.withLock { $0 }.isEmpty)
    }
  }

  @Test(arguments: Packing.allCases) func truncationAnywhereIsAnErrorThatNamesTheFile(packing: Packing) throws {
    try withTemporaryFolder { folder in
      let files = (0..<5).map { ("\($0).png", png(UInt8($0))) }
      let url = try write(files, as: packing, in: folder)
      let whole = try Data(contentsOf: url)
      let end =
        packing.rawValue.hasSuffix("Zip")
        ? whole.count : try #require(TarFile(reading: url).contents.members.last).place
      for length in stride(from: 0, to: end, by: 61) {
        try whole[..<length].write(to: url)
        do {
          let dataset = try ImageFolder(url, split: .train)
          // Between two members a tar file may end.
          #expect(dataset.count < 5 && !packing.rawValue.hasSuffix("Zip"))
        } catch { #expect("\(error)".hasPrefix(url.path), "\(length): \(error)") }
      }
    }
  }

  @Test func changedBytesFailTheChecksumOfAZipFile() throws {
    try withTemporaryFolder { folder in
      for isDeflated in [false, true] {
        let zip = try folder.writeZip(
          (0..<4).map { ("\($0).png", png(UInt8($0))) }, to: "a.zip", isDeflated: isDeflated)
        var bytes = try [UInt8](Data(contentsOf: zip))
        bytes[50] ^= 1
        try Data(bytes).write(to: zip)
        let problems = try DatasetCheck(of: DatasetSource(parsing: zip.path)).problems
        #expect(problems.count == 1 && problems[0].hasPrefix("\(zip.path)"), "\(problems)")
        #expect(problems.first?.contains("0.png") == true)
      }
    }
  }

  /// What a zip archive says of its one deflated member, and words of the error.
  enum Lie: String, CaseIterable {
    case more = "cannot come from"
    case less = "more than the 100 bytes that it claims"
    case encrypted = "it is encrypted"
    case method = "packed by zip's method 12"
    case huge = "pictures of up to"
    case bomb = "which no picture does"
    case longer = "in a file of"
  }

  @Test(arguments: Lie.allCases) func aMemberThatIsNotWhatTheArchiveSaysIsNamed(lie: Lie) throws {
    try withTemporaryFolder { folder in
      let zeros = [UInt8](repeating: 0, count: lie == .bomb ? 17 << 20 : 1 << 20)
      let zip = try folder.writeZip([("a.png", zeros)], to: "a.zip", isDeflated: lie != .longer)
      var bytes = try [UInt8](Data(contentsOf: zip))
      let directory = try #require(bytes.firstRange(of: Array("PK\u{1}\u{2}".utf8))).lowerBound
      // The fields of the central directory's record, and of the one before the member.
      func put(_ value: Int, count: Int, at offsets: (central: Int, local: Int)) {
        for k in 0..<count {
          bytes[directory + offsets.central + k] = UInt8(truncatingIfNeeded: value >> (8 * k))
          bytes[offsets.local + k] = UInt8(truncatingIfNeeded: value >> (8 * k))
        }
      }
      switch lie {
      case .more: put(900 << 20, count: 4, at: (24, 22))
      case .less: put(100, count: 4, at: (24, 22))
      case .encrypted: put(1, count: 2, at: (8, 6))
      case .method: put(12, count: 2, at: (10, 8))
      case .huge: put(2 << 30, count: 4, at: (24, 22))
      case .bomb: break
      case .longer:
        put(500 << 20, count: 4, at: (20, 18))
        put(500 << 20, count: 4, at: (24, 22))
      }
      try Data(bytes).write(to: zip)
      let error = #expect(throws: DatasetError.self) {
        let tree = try tree(zip)
        _ = try tree.read("a.png")
      }
      let text = try #require(error?.description)
      #expect(text.hasPrefix(zip.path) && text.contains("a.png") && text.contains(lie.rawValue), "\(text)")
    }
  }

  @Test func archivesThatCannotBeReadAtRandomNameTheCommand() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar([("a.png", png(1))], to: "a.tar")
      let packed = try folder.write(gzip([UInt8](Data(contentsOf: tar))), to: "b.tar.gz")
      #expect(throws: DatasetError.packedArchive(file: packed.path, program: "gunzip", result: "b.tar")) {
        try ImageFolder(packed, split: .train)
      }
      for (magic, name, program, result) in [
        ([0x28, 0xB5, 0x2F, 0xFD], "c.tar.zst", "unzstd", "c.tar"), ([0x1F, 0x8B], "d.tgz", "gunzip", "d.tar"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "e.7z", "7z x", "the folder"),
      ] as [([UInt8], String, String, String)] {
        #expect(ArchiveFormat(magic, name: name) == .packed(program: program, result: result))
      }
      let misnamed = try folder.write(gzip([UInt8](Data(contentsOf: tar))), to: "f.tar")
      let error = #expect(throws: DatasetError.self) { try ImageFolder(misnamed, split: .train) }
      #expect(error?.description.contains("name it f.tar.gz, run `gunzip` on it and give f.tar") == true)
    }
  }

  @Test(arguments: ["a.tar", "a.zip"]) func membersWhoseNamesDifferInBytesAloneAreAllRead(name: String) throws {
    try withTemporaryFolder { folder in
      let files = ["caf\u{E9}", "cafe\u{301}"].enumerated().flatMap { first, name in
        (0..<3).map { ("\(name)/\($0).png", png(UInt8(3 * first + $0))) }
      }
      let url = try name.hasSuffix("zip") ? folder.writeZip(files, to: name) : folder.writeTar(files, to: name)
      let all = try #require(try pictureSplits(at: url).everything(of: .train))
      #expect(all.notes.isEmpty && all.files.count == 6 && all.classNames.count == 2)
      let set = try ImageFolder(name: "set", split: .train, all)
      #expect(Set(try (0..<6).map { try set.image(at: $0).pixels[0] }) == Set(0..<6))
      for index in 0..<6 {
        #expect(
          try set.image(at: index).pixels[0] / 3 == UInt8(set.classNames[set.label(at: index)!].utf8.count == 6 ? 1 : 0)
        )
      }
    }
  }

  @Test(arguments: ["a.tar", "a.zip"]) func whatIsNoArchiveIsNamed(name: String) throws {
    try withTemporaryFolder { folder in
      for contents in [[], Array("<html>".utf8), [UInt8](repeating: 65, count: 2000)] {
        let file = try folder.write(contents, to: name)
        let error = #expect(throws: DatasetError.self) { try ImageFolder(file, split: .train) }
        #expect(error?.description.hasPrefix(file.path) == true)
      }
    }
  }

  @Test func aTarFileThatChangesIsNamed() throws {
    try withTemporaryFolder { folder in
      let tar = try folder.writeTar([("a.png", png(1))], to: "a.tar")
      let dataset = try ImageFolder(tar, split: .train)
      try Data(contentsOf: tar).dropLast(512).write(to: tar)
      let error = #expect(throws: DatasetError.self) { try dataset.image(at: 0) }
      #expect(error?.description.hasPrefix("\(tar.path): the length should be the") == true)
    }
  }
}

/// Makes the checksum of a tar file's first header fit.
private func putChecksumRight(_ bytes: inout [UInt8]) {
  bytes.replaceSubrange(148..<156, with: repeatElement(0x20, count: 8))
  let sum = bytes[..<512].reduce(0) { $0 + Int($1) }
  let text = String(sum, radix: 8)
  bytes.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - text.count) + text + "\0 ").utf8))
}

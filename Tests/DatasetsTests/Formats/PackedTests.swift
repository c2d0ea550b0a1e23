import Files
import Foundation
import Imaging
import Safetensors
import Testing

@testable import Datasets

@Suite struct PackedTests {
  /// 30 labeled training pictures with two attributes, 5 for validation, 7 for testing.
  private func writeSource(to folder: URL) throws {
    for (split, count) in [("train", 30), ("validation", 5), ("test", 7)] {
      var table = "file,odd,known\n"
      for i in 0..<count {
        let path = "\(i % 3 == 0 ? "cat" : "dog")/\(i).png"
        try folder.writePicture("\(split)/\(path)", value: UInt8(i + count))
        table += "\(path),\(i % 2),\(i == 0 ? "" : "1")\n"
      }
      try folder.write(text: table, to: "\(split)/attributes.csv")
    }
  }

  private func pack(_ source: URL, to folder: URL, shardBytes: Int = 24 * 8) throws {
    let source = try DatasetSource(parsing: source.path)
    let splits = try DatasetSplit.allCases.map { try source.open(split: $0, seed: 0) }
    try PackedWriter(splits, shardBytes: shardBytes, workers: 2).write(to: folder)
  }

  private func withPacked(_ body: (_ source: URL, _ packed: URL) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let (source, packed) = (folder.appendingPathComponent("source"), folder.appendingPathComponent("packed"))
      try writeSource(to: source)
      try pack(source, to: packed)
      try body(source, packed)
    }
  }

  @Test func everythingComesBack() throws {
    try withPacked { source, packed in
      let names = try FileManager.default.contentsOfDirectory(atPath: packed.path)
      #expect(names.filter { $0.hasPrefix("train-0000") && $0.hasSuffix("-of-00004.safetensors") }.count == 4)
      for split in DatasetSplit.allCases {
        let original = try ImageFolder(source, split: split)
        let copy = try PackedDataset(directory: packed, split: split)
        #expect((copy.count, copy.shape, copy.split, copy.name) == (original.count, original.shape, split, "source"))
        #expect(copy.classNames == ["cat", "dog"] && copy.attributeNames == ["odd", "known"])
        for image in 0..<copy.count {
          #expect(try copy.image(at: image) == original.image(at: image))
          #expect(copy.label(at: image) == original.label(at: image))
          for a in 0..<2 { #expect(copy.attribute(a, at: image) == original.attribute(a, at: image)) }
        }
      }
    }
  }

  @Test func sourcesRecognizeTheFolder() throws {
    try withPacked { _, packed in
      for text in ["packed:\(packed.path)", packed.path] {
        let source = try DatasetSource(parsing: text)
        #expect(source.description == text)
        #expect(try source.open(split: .validation, seed: 0) is PackedDataset)
        let small = try source.open(split: .test, size: (1, 1), channels: 1, seed: 0)
        #expect(small.shape == ImageShape(height: 1, width: 1, channels: 1))
        #expect(small.attributeNames == ["odd", "known"])
        #expect(try DatasetCheck(of: source).problems.isEmpty)
      }
    }
  }

  @Test func picturesAndArchivesBesideAreNamed() throws {
    try withPacked { _, packed in
      #expect(try DatasetSource(parsing: packed.path).open(split: .train, seed: 0).notes.isEmpty)
      try packed.write([1], to: "photos.zip")
      try packed.writePicture("sheet.png")
      let notes = ["not read beside the packed set: photos.zip", "1 picture beside the packed set not used: sheet.png"]
      #expect(try DatasetSource(parsing: packed.path).open(split: .train, seed: 0).notes == notes)
      #expect(try DatasetCheck(of: .packed(directory: packed)).notes == notes)
    }
  }

  @Test func aMissingValidationSplitIsCutFromTraining() throws {
    try withTemporaryFolder { folder in
      let packed = folder.appendingPathComponent("packed")
      try PackedWriter([CountingDataset(count: 60)], shardBytes: 100).write(to: packed)
      let source = DatasetSource.packed(directory: packed)
      let (train, validation) = try source.openTraining(seed: 1)
      #expect((train.count, validation.count) == (55, 5))
      #expect(train.shuffleBlock != nil)
      #expect(throws: DatasetError.missingSplit(folder: packed.path, split: .test, found: ["train"])) {
        try source.open(split: .test, seed: 1)
      }
    }
  }

  @Test func anErrorLeavesNothingBehind() throws {
    try withTemporaryFolder { folder in
      let packed = folder.appendingPathComponent("packed")
      let writer = try PackedWriter([CountingDataset(count: 60, broken: [41])], shardBytes: 100)
      #expect(throws: CountingDataset.Broken(index: 41)) { try writer.write(to: packed) }
      struct Stop: Error {}
      let whole = try PackedWriter([CountingDataset(count: 60)], shardBytes: 100)
      #expect(throws: Stop.self) { try whole.write(to: packed) { if $0 > 30 { throw Stop() } } }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      try folder.write([1], to: "packed")
      #expect(throws: DatasetError.exists(path: packed.path)) { try whole.write(to: packed) }
    }
  }

  @Test func aFolderThatAppearsMeanwhileStays() throws {
    try withTemporaryFolder { folder in
      let packed = folder.appendingPathComponent("packed")
      let writer = try PackedWriter([CountingDataset(count: 60)], shardBytes: 100)
      #expect(throws: DatasetError.unwritable(path: packed.path, reason: "Directory not empty")) {
        try writer.write(to: packed) { if $0 == 60 { try folder.write([1], to: "packed/other") } }
      }
      #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == ["packed", "packed/other"])
    }
  }

  @Test func splitsThatDiffer() throws {
    try withTemporaryFolder { folder in
      try folder.writePicture("train/a.png", width: 4)
      try folder.writePicture("test/b.png", width: 5)
      let splits = try [.train, .test].map { try ImageFolder(folder, split: $0) }
      let error = #expect(throws: DatasetError.self) { try PackedWriter(splits, shardBytes: 100) }
      #expect(error?.description.contains("different sizes, 2x4x3 and 2x5x3") == true)
    }
  }

  @Test func everyChangedByteIsFound() throws {
    try withPacked { _, packed in
      let shard = packed.appendingPathComponent("train-00001-of-00004.safetensors")
      let whole = try [UInt8](Data(contentsOf: shard))
      for position in [whole.count - 1, whole.count - 40, whole.count - 200] {
        var bytes = whole
        bytes[position] ^= 4
        try Data(bytes).write(to: shard)
        let problems = try DatasetCheck(of: .packed(directory: packed)).problems
        #expect(problems.count == 1 && problems[0].hasPrefix(shard.path), "\(problems)")
      }
      try Data(whole.dropLast(10)).write(to: shard)
      #expect(throws: SafetensorsError.self) { try PackedDataset(directory: packed, split: .train) }
      try FileManager.default.removeItem(at: shard)
      let problems = try DatasetCheck(of: .packed(directory: packed)).problems
      #expect(problems.count == 1 && problems[0].contains("train-00001-of-00004.safetensors"), "\(problems)")
    }
  }

  @Test(arguments: [
    ("\"version\" : 1", "\"version\" : 2", "the field version should be 1, found 2"),
    ("\"height\" : 2", "\"height\" : -2", "the field height should be 1 to 65536, found -2"),
    ("\"height\" : 2", "\"height\" : 3", "the tensor pixels should be U8 [8, 3, 4, 3] by dataset.json"),
    ("\"height\" : 2,", "", "the field height should be the index of a packed data set, found no such field"),
    ("\"channels\" : 3", "\"channels\" : \"3\"", "the field channels should be"),
    ("\"dog\"\n", "\"dog\", 7\n", "the field classes.Index 2 should be"),
    ("    \"dog\"\n", "    \"other\"\n", ""),
    ("\"cat\",\n", "", "the label of image 2 should be 0 to 0, found 1"),
    ("train-00000-of-00004.safetensors", "../x.safetensors", "should be the name of a file beside the index"),
    ("{\n", "", "the text should be the index of a packed data set"),
  ])
  func anIndexThatCannotBe(part: String, replacement: String, problem: String) throws {
    try withPacked { _, packed in
      let url = packed.appendingPathComponent("dataset.json")
      let text = try String(contentsOf: url, encoding: .utf8)
      #expect(text.contains(part), "\(text)")
      let changed = text.replacingOccurrences(of: part, with: replacement, range: text.range(of: part))
      try Data(changed.utf8).write(to: url)
      guard !problem.isEmpty else {
        #expect(try PackedDataset(directory: packed, split: .train).classNames == ["cat", "other"])
        return
      }
      let error = #expect(throws: DatasetError.self) { try PackedDataset(directory: packed, split: .train) }
      let description = try #require(error?.description)
      #expect(description.contains(problem) && description.hasPrefix(packed.path), "\(description)")
    }
  }

  @Test func checksumsAreThoseOfThePublishedExamples() {
    func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes(CRC32C.value(of:)) }
    // The check value of the polynomial, and the examples of RFC 3720, B.4.
    #expect(crc(Array("123456789".utf8)) == 0xE306_9283)
    #expect(crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(crc((0..<32).map { $0 }) == 0x46DD_794E)
    var parts = CRC32C()
    for byte in "123456789".utf8 { withUnsafeBytes(of: byte) { parts.update($0) } }
    #expect(parts.value == 0xE306_9283)
  }
}

import Foundation
import Testing

@testable import Datasets

@Suite struct NPZTests {
  /// `count` images of 32x32, image `i` with planes of values `first + i`, 100 and 200, labeled `firstLabel + i`.
  private func batch(
    _ count: Int, first: Int = 0, firstLabel: Int = 1, side: Int = 32
  ) -> [(name: String, bytes: [UInt8])] {
    let plane = side * side
    var pixels: [UInt8] = []
    for i in 0..<count {
      for value in [UInt8(first + i), 100, 200] { pixels += [UInt8](repeating: value, count: plane) }
    }
    return [
      ("data.npy", npy([count, 3 * plane], pixels)),
      ("labels.npy", npy([count], int64s((0..<count).map { firstLabel + $0 }), type: "<i8")),
      ("mean.npy", npy([1], int64s([0]), type: "<f8")),
    ]
  }

  private func writeImageNet(to folder: URL, side: Int = 32, isDeflated: Bool = false) throws {
    for k in 1...10 {
      try folder.writeZip(
        batch(2, first: 2 * k, firstLabel: k, side: side), to: "train_data_batch_\(k).npz", isDeflated: isDeflated)
    }
    try folder.writeZip(batch(3, first: 50, firstLabel: 998, side: side), to: "val_data.npz", isDeflated: isDeflated)
  }

  @Test(arguments: [32, 64], [false, true]) func imageNetBatches(side: Int, isDeflated: Bool) throws {
    try withTemporaryFolder { folder in
      try writeImageNet(to: folder, side: side, isDeflated: isDeflated)
      let source = try DatasetSource(parsing: "imagenet\(side):\(folder.path)")
      #expect(source.description == "imagenet\(side):\(folder.path)")
      let test = try source.open(split: .test, seed: 0)
      #expect((test.count, test.shape.height, test.classNames.count, test.name) == (3, side, 1000, "imagenet\(side)"))
      #expect(try test.image(at: 2)[x: side - 1, y: 0] == [52, 100, 200])
      #expect(test.classNames[test.label(at: 2)!] == "1000")
      let all = try DownsampledImageNet.open(folder, side: side, split: .train)
      for i in (0..<20).reversed() {
        #expect(try all.image(at: i)[x: 3, y: side - 1] == [UInt8(i + 2), 100, 200])
        #expect(all.label(at: i) == i / 2 + i % 2)
      }
      let parts = try source.openTraining(seed: 0)
      #expect((parts.train.count, parts.validation.count) == (19, 1))
      let problems = try DatasetCheck(of: source).problems
      #expect(problems.count == 2 && problems.allSatisfy { $0.contains("images, expected") }, "\(problems)")
    }
  }

  @Test func imageNetPictures() throws {
    try withTemporaryFolder { folder in
      for i in 0..<3 { try folder.writePicture("train_32x32/\(i).png", width: 32, height: 32, value: UInt8(i)) }
      try folder.writePicture("valid_32x32/0.png", width: 32, height: 32, value: 9)
      let source = try DatasetSource(parsing: "imagenet32:\(folder.path)")
      #expect(try source.open(split: .test, seed: 0).image(at: 0).pixels[0] == 9)
      #expect(try source.open(split: .train, seed: 0).count == 2)
      let odd = try folder.writePicture("valid_32x32/0.png", width: 31, height: 32)
      #expect(throws: DatasetError.changedSize(file: odd.path, expected: "32x32", found: "31x32")) {
        try source.open(split: .test, seed: 0).image(at: 0)
      }
    }
  }

  @Test(arguments: [false, true]) func cifarBatches(isDeflated: Bool) throws {
    try withTemporaryFolder { folder in
      for k in 1...5 {
        try folder.writeZip(
          batch(2, first: 2 * k, firstLabel: k, side: 32), to: "data_batch_\(k).npz", isDeflated: isDeflated)
      }
      try folder.writeZip(batch(1, firstLabel: 9), to: "test_batch.npz", isDeflated: isDeflated)
      let train = try CIFAR10.open(directory: folder, split: .train)
      #expect(train.count == 10)
      #expect(train.classNames[train.label(at: 9)!] == "frog")
      #expect(try train.image(at: 9)[x: 0, y: 0] == [11, 100, 200])
      #expect(try CIFAR10.open(directory: folder, split: .test).label(at: 0) == 9)
    }
  }

  @Test func cifarInOneFileChannelsLast() throws {
    try withTemporaryFolder { folder in
      let pixels = [1, 2].flatMap { (red: UInt8) in [[UInt8]](repeating: [red, 100, 200], count: 1024).flatMap { $0 } }
      try folder.writeZip(
        [
          ("x_train.npy", npy([2, 32, 32, 3], pixels)), ("y_train.npy", npy([2, 1], [3, 8], type: "|u1")),
          ("x_test.npy", npy([1, 32, 32, 3], Array(pixels[3072...]))),
          ("y_test.npy", npy([1], [7, 0, 0, 0], type: "<i4")),
        ], to: "cifar10.npz", isDeflated: true)
      let train = try CIFAR10.open(directory: folder, split: .train)
      #expect(try train.image(at: 1)[x: 31, y: 31] == [2, 100, 200])
      #expect((train.label(at: 0), train.label(at: 1)) == (3, 8))
      #expect(try CIFAR10.open(directory: folder, split: .test).label(at: 0) == 7)
    }
  }

  @Test func cifarPictures() throws {
    try withTemporaryFolder { folder in
      for name in ["truck", "airplane"] {
        try folder.writePicture("train/\(name)/1.png", width: 32, height: 32)
        try folder.writePicture("test/\(name)/1.png", width: 32, height: 32)
      }
      let train = try CIFAR10.open(directory: folder, split: .train)
      #expect((0..<2).map { train.label(at: $0) } == [0, 9])
      #expect(train.classNames == CIFAR10.classNames)
      let stray = try folder.writePicture("test/lorry/1.png", width: 32, height: 32)
      let error = #expect(throws: DatasetError.self) { try CIFAR10.open(directory: folder, split: .test) }
      #expect(error?.description.hasPrefix("\(stray.path): the folder of the picture should be one of") == true)
    }
  }

  /// What can be wrong with a batch of two images, and words of the error.
  enum Fault: String, CaseIterable {
    case type = "the type of data.npy should be '|u1', found '<f4'"
    case fortran = "the order of data.npy should be C order (fortran_order False), found Fortran order"
    case width = "the shape of data.npy should be (any number, 3072), found (2, 3000)"
    case dimensions = "the shape of data.npy should be (any number, 3072), found (2, 32, 96)"
    case more = "the length of data.npy should be 9216 bytes behind its header by its shape [3, 3072], found 6144"
    case huge = "the length of data.npy should be 3072000000000 bytes"
    case overflow = "the header of data.npy should be a dictionary"
    case negative = "the header of data.npy should be a dictionary of descr"
    case magic = "the first bytes of data.npy should be those of an NPY array"
    case header = "the header length of data.npy should be at most"
    case noHeader =
      "the first bytes of data.npy should be those of an NPY array (\\x93NUMPY, version 1 to 3), found none"
    case labels = "the shape of labels.npy should be (2), found (3)"
    case labelType = "the type of labels.npy should be"
    case label = "the label of image 1 should be 1 to 1000, found 1001"
    case zeroLabel = "the label of image 0 should be 1 to 1000, found 0"
    case smallestLabel = "the label of image 0 should be 1 to 1000, found -9223372036854775808"
    case member = "data.npy in the zip archive cannot be read (there is no such member; found labels.npy, mean.npy)"
    case notZip = "the zip archive cannot be read"
  }

  @Test(arguments: Fault.allCases, [false, true]) func damagedBatches(fault: Fault, isDeflated: Bool) throws {
    try withTemporaryFolder { folder in
      var members = batch(2)
      let pixels = [UInt8](repeating: 1, count: 6144)
      switch fault {
      case .type: members[0].bytes = npy([2, 768], pixels, type: "<f4")
      case .fortran: members[0].bytes = npy([2, 3072], pixels, isFortranOrder: true)
      case .width: members[0].bytes = npy([2, 3000], Array(pixels[..<6000]))
      case .dimensions: members[0].bytes = npy([2, 32, 96], pixels)
      case .more: members[0].bytes = npy([3, 3072], pixels)
      case .huge: members[0].bytes = npy([1_000_000_000, 3072], pixels)
      case .overflow: members[0].bytes = npy([Int.max, 3072], pixels)
      case .negative: members[0].bytes = npy([-2, 3072], pixels)
      case .magic: members[0].bytes[1] = 0
      case .header: members[0].bytes[9] = 0xFF
      case .noHeader: members[0].bytes = []
      case .labels: members[1].bytes = npy([3], int64s([1, 2, 3]), type: "<i8")
      case .labelType: members[1].bytes = npy([2], int64s([1, 2]), type: "<f8")
      case .label: members[1].bytes = npy([2], int64s([1000, 1001]), type: "<i8")
      case .zeroLabel: members[1].bytes = npy([2], int64s([0, 1]), type: "<i8")
      case .smallestLabel: members[1].bytes = npy([2], int64s([Int.min, 1]), type: "<i8")
      case .member: members.removeFirst()
      case .notZip: break
      }
      let url = try folder.writeZip(members, to: "val_data.npz", isDeflated: isDeflated)
      if fault == .notZip { try folder.write(Array("<html>".utf8), to: "val_data.npz") }
      let error = #expect(throws: DatasetError.self) {
        try DownsampledImageNet.open(folder, side: 32, split: .test)
      }
      let description = try #require(error?.description)
      #expect(description.hasPrefix(url.path) && description.contains(fault.rawValue), "\(description)")
    }
  }

  @Test(arguments: [false, true]) func truncationAnywhereIsAnError(isDeflated: Bool) throws {
    try withTemporaryFolder { folder in
      let url = try folder.writeZip(batch(1), to: "val_data.npz", isDeflated: isDeflated)
      let whole = try [UInt8](Data(contentsOf: url))
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 60)) {
        try Data(whole[..<length]).write(to: url)
        let error = #expect(throws: DatasetError.self) {
          try DownsampledImageNet.open(folder, side: 32, split: .test).image(at: 0)
        }
        #expect(error?.description.hasPrefix(url.path) == true)
      }
    }
  }

  @Test func changedBytesFailTheirChecksum() throws {
    try withTemporaryFolder { folder in
      for isDeflated in [false, true] {
        let url = try folder.writeZip(batch(2), to: "val_data.npz", isDeflated: isDeflated)
        var bytes = try [UInt8](Data(contentsOf: url))
        bytes[isDeflated ? 60 : 1000] ^= 1
        try Data(bytes).write(to: url)
        let problems = try DatasetCheck(of: .imageNet(side: 32, directory: folder)).problems
        #expect(problems.contains { $0.hasPrefix("\(url.path): data.npy in the zip archive") }, "\(problems)")
      }
    }
  }

  @Test func missingBatches() throws {
    try withTemporaryFolder { folder in
      try folder.writeZip(batch(1), to: "train_data_batch_1.npz")
      let missing = folder.appendingPathComponent("train_data_batch_2.npz").path
      let error = #expect(throws: DatasetError.self) { try DownsampledImageNet.open(folder, side: 32, split: .train) }
      #expect(
        error?.description.hasPrefix("\(missing): there is no such file; expected train_data_batch_1.npz") == true)
    }
  }
}

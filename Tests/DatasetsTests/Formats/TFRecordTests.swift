import Files
import Foundation
import SwiftProtobuf
import Testing

@testable import Datasets

@Suite struct TFRecordTests {
  private func integers(_ values: [Int64]) -> ProtoFeature {
    ProtoFeature.with { $0.int64List.value = values }
  }

  private func bytes(_ values: [[UInt8]]) -> ProtoFeature {
    ProtoFeature.with { $0.bytesList.value = values.map { Data($0) } }
  }

  /// The features of an image of one value.
  private func features(
    _ value: UInt8, shape: [Int64] = [4, 4, 3], label: Int64 = 0, attributes: [Int64]? = nil
  ) -> [String: ProtoFeature] {
    var features = [
      "shape": integers(shape), "label": integers([label]),
      "data": bytes([[UInt8](repeating: value, count: Int(shape.reduce(1, *)))]),
    ]
    features["attr"] = attributes.map(integers)
    return features
  }

  private func record(_ features: [String: ProtoFeature]) throws -> [UInt8] {
    let example = ProtoExample.with { $0.features.feature = features }
    return TFRecord.framed(try example.serializedBytes())
  }

  /// Five training images in two shards, two for validation, 4x4 pixels by their names, labeled by their value.
  private func write(to folder: URL) throws {
    let images = try (0..<7).map { try record(features(UInt8($0), label: Int64($0))) }
    try folder.write(images[..<3].flatMap { $0 }, to: "train/train-r02-s-0000-of-0002.tfrecords")
    try folder.write(images[3..<5].flatMap { $0 }, to: "train/train-r02-s-0001-of-0002.tfrecords")
    try folder.write(images[5...].flatMap { $0 }, to: "validation/validation-r02-s-0000-of-0001.tfrecords")
  }

  @Test func shardsOfBothSplits() throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      let source = try DatasetSource(parsing: "tfrecord:\(folder.path)")
      let test = try source.open(split: .test, seed: 0)
      #expect((test.count, test.split, test.shape) == (2, .test, ImageShape(height: 4, width: 4, channels: 3)))
      #expect(try test.image(at: 1).pixels == [UInt8](repeating: 6, count: 48))
      #expect(test.classNames.isEmpty && test.label(at: 0) == nil)
      let all = try TFRecordDataset(directory: folder, split: .train)
      #expect(try (0..<5).map { try all.image(at: $0).pixels[0] } == [0, 1, 2, 3, 4])
      #expect(all.shuffleBlock != nil)
      let parts = try source.openTraining(seed: 0)
      #expect((parts.train.count, parts.validation.count) == (4, 1))
      #expect(try DatasetCheck(of: source).problems.isEmpty)
    }
  }

  @Test func aTestFolderMakesValidationItsOwnSplit() throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      try folder.write(try record(features(99)), to: "test/test-r02-s-0000-of-0001.tfrecords")
      let source = DatasetSource.tfRecords(directory: folder)
      #expect(try DatasetSplit.allCases.map { try source.open(split: $0, seed: 0).count } == [5, 2, 1])
    }
  }

  @Test func labelsAndAttributesOnRequest() throws {
    try withTemporaryFolder { folder in
      let attributes = (0..<40).map { Int64($0 == 31 ? 1 : -1) }
      let images = try [3, 9].map { try record(features(1, label: $0, attributes: attributes)) }
      let url = try folder.write(images.flatMap { $0 }, to: "train/a.tfrecords")
      let source = try DatasetSource(parsing: "tfrecord,classes=10,attributes:\(folder.path)")
      #expect(source.description == "tfrecord,classes=10,attributes:\(folder.path)")
      let train = try TFRecordDataset(directory: folder, split: .train, classes: 10, hasAttributes: true)
      #expect((train.label(at: 0), train.label(at: 1), train.classNames.count) == (3, 9, 10))
      #expect(train.attributeNames[31] == "Smiling")
      #expect((train.attribute(31, at: 1), train.attribute(30, at: 1)) == (true, false))
      let error = #expect(throws: DatasetError.self) {
        try TFRecordDataset(directory: folder, split: .train, classes: 9)
      }
      #expect(
        error?.description
          == "\(url.path): the feature label of record 1 should be one number, 0 to 8, found [9].")
    }
  }

  @Test func recordsLargerThanTheNameSaysAreCropped() throws {
    try withTemporaryFolder { folder in
      // 2 rows of 6, the value 10 times the column.
      var image = features(0, shape: [2, 6, 1])
      image["data"] = bytes([(0..<12).map { UInt8($0 % 6 * 10) }])
      try folder.write(try record(image), to: "train/x-r01-s-0000-of-0001.tfrecords")
      let train = try TFRecordDataset(directory: folder, split: .train)
      #expect(train.shape == ImageShape(height: 2, width: 2, channels: 1))
      #expect(train.cropsAtRandom && train.evenly(1).cropsAtRandom)
      #expect(try train.image(at: 0).pixels == [20, 30, 20, 30])
      let stream = BatchStream(dataset: train, batchSize: 1, seed: 0)
      #expect(Set(try (0..<60).map { _ in try stream.next().pixels[0] }) == [0, 10, 20, 30, 40])
      try folder.write(try record(features(0, shape: [2, 1, 1])), to: "train/x-r01-s-0000-of-0001.tfrecords")
      let error = #expect(throws: DatasetError.self) {
        try TFRecordDataset(directory: folder, split: .train).image(at: 0)
      }
      #expect(error?.description.hasSuffix("the shape of record 0 should be at least 2x2x1, found 2x1x1.") == true)
    }
  }

  @Test func theResolutionAskedFor() throws {
    try withTemporaryFolder { folder in
      for power in [1, 2, 3] as [Int64] {
        let image = features(UInt8(power), shape: [1 << power, 1 << power, 1])
        try folder.write(try record(image), to: "train/x-r0\(power)-s-0000-of-0001.tfrecords")
      }
      let source = DatasetSource.tfRecords(directory: folder)
      #expect(try TFRecordDataset(directory: folder, split: .train).shape.width == 8)
      let four = try TFRecordDataset(directory: folder, split: .train, side: 4)
      #expect(try four.image(at: 0).pixels == [UInt8](repeating: 2, count: 16))
      #expect(throws: DatasetError.self) { try source.open(split: .test, seed: 0) }
    }
  }

  @Test func aMissingShard() throws {
    try withTemporaryFolder { folder in
      try write(to: folder)
      try FileManager.default.removeItem(at: folder.appendingPathComponent("train/train-r02-s-0001-of-0002.tfrecords"))
      let problems = try DatasetCheck(of: .tfRecords(directory: folder)).problems
      #expect(
        problems.count == 1 && problems[0].contains("the number of shards beside it should be 2 by its name, found 1"),
        "\(problems)")
    }
  }

  @Test func everyChangedByteIsFound() throws {
    try withTemporaryFolder { folder in
      let whole = try record(features(1, shape: [2, 2, 1])) + record(features(2, shape: [2, 2, 1]))
      for position in whole.indices {
        var bytes = whole
        bytes[position] ^= 0x10
        let url = try folder.write(bytes, to: "train/a.tfrecords")
        let problems = try DatasetCheck(of: .tfRecords(directory: folder)).problems
        let record = position < whole.count / 2 ? "record 0" : "record 1"
        #expect(problems.count == 1 && problems[0].hasPrefix(url.path), "byte \(position): \(problems)")
        #expect(problems.first?.contains(record) == true, "byte \(position): \(problems)")
      }
    }
  }

  @Test func truncationAnywhereIsAnError() throws {
    try withTemporaryFolder { folder in
      let one = try record(features(1, shape: [2, 2, 1]))
      for length in 0..<2 * one.count where length != one.count {
        try folder.write(Array((one + one)[..<length]), to: "train/a.tfrecords")
        #expect(throws: DatasetError.self) { try TFRecordDataset(directory: folder, split: .train) }
      }
    }
  }

  @Test func aLengthBeyondTheFileAllocatesNothing() throws {
    try withTemporaryFolder { folder in
      for length in [UInt64(1) << 40, .max, UInt64(Int.max)] {
        let header = withUnsafeBytes(of: length.littleEndian, Array.init)
        let checksum = withUnsafeBytes(of: TFRecord.checksum(header).littleEndian, Array.init)
        let url = try folder.write(header + checksum + [1, 2, 3, 4, 5], to: "train/a.tfrecords")
        let error = #expect(throws: DatasetError.self) { try TFRecordDataset(directory: folder, split: .train) }
        #expect(error?.description.hasPrefix("\(url.path): the file ends inside its record 0") == true)
      }
    }
  }

  @Test func recordsThatAreNoImages() throws {
    var wrong: [(String, [UInt8])] = [
      ("record 0 should be a tf.train.Example, found other data", TFRecord.framed([0xFF, 0xFF, 0xFF]))
    ]
    func add(_ problem: String, _ change: (inout [String: ProtoFeature]) -> Void) throws {
      var image = features(1)
      change(&image)
      wrong.append((problem, try record(image)))
    }
    try add("feature shape of record 0 should be height, width and 1 or 3 channels, found no such feature") {
      $0["shape"] = nil
    }
    try add("found [4, 4]") { $0["shape"] = integers([4, 4]) }
    try add("found [4, 4, 2]") { $0["shape"] = integers([4, 4, 2]) }
    try add("found [4, -4, 3]") { $0["shape"] = integers([4, -4, 3]) }
    try add("found [9223372036854775807, 4, 3]") { $0["shape"] = integers([.max, 4, 3]) }
    try add("feature data of record 0 should be 48 bytes by its shape 4x4x3, found 0 values") { $0["data"] = nil }
    try add("should be 48 bytes by its shape 4x4x3, found 47") {
      $0["data"] = bytes([[UInt8](repeating: 0, count: 47)])
    }
    try add("found 2 values") { $0["data"] = bytes([[1], [2]]) }
    try withTemporaryFolder { folder in
      for (problem, record) in wrong {
        let url = try folder.write(record, to: "train/a.tfrecords")
        let error = #expect(throws: DatasetError.self) { try TFRecordDataset(directory: folder, split: .train) }
        let description = try #require(error?.description)
        #expect(description.hasPrefix(url.path) && description.contains(problem), "\(description)")
      }
    }
  }
}

import Foundation
import Testing

@testable import Datasets

@Suite struct CIFAR10Tests {
  /// Planes of one value each.
  private func record(label: UInt8, red: UInt8, green: UInt8, blue: UInt8) -> [UInt8] {
    [label] + [red, green, blue].flatMap { [UInt8](repeating: $0, count: 1024) }
  }

  private func writeTraining(to folder: URL) throws {
    for i in 1...5 as ClosedRange<UInt8> {
      try folder.write(
        record(label: i, red: i, green: 100, blue: 200) + record(label: 0, red: 10 * i, green: 0, blue: 0),
        to: "data_batch_\(i).bin")
    }
  }

  @Test func planesBecomeChannelsLastInTheOrderOfTheFiles() throws {
    try withTemporaryFolder { folder in
      try writeTraining(to: folder)
      let dataset = try CIFAR10(directory: folder, split: .train)
      #expect(dataset.count == 10)
      #expect(dataset.classNames[dataset.label(at: 8)!] == "dog")
      #expect(try dataset.image(at: 8)[x: 31, y: 31] == [5, 100, 200])
      #expect(try dataset.image(at: 9)[x: 0, y: 0] == [50, 0, 0])
    }
  }

  @Test func theFolderAboveWillDo() throws {
    try withTemporaryFolder { folder in
      try folder.write(record(label: 9, red: 1, green: 2, blue: 3), to: "cifar-10-batches-bin/test_batch.bin")
      #expect(try CIFAR10(directory: folder, split: .test).label(at: 0) == 9)
    }
  }

  @Test func missingFile() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("data_batch_1.bin").path
      let error = #expect(throws: DatasetError.self) { try CIFAR10(directory: folder, split: .train) }
      #expect(error?.description.hasPrefix("\(path): there is no such file; unpack cifar-10-binary.tar.gz") == true)
    }
  }

  @Test func partOfARecord() throws {
    try withTemporaryFolder { folder in
      let bytes = record(label: 9, red: 1, green: 2, blue: 3).dropLast()
      let path = try folder.write(Array(bytes), to: "test_batch.bin").path
      let error = #expect(throws: DatasetError.self) { try CIFAR10(directory: folder, split: .test) }
      #expect(
        error?.description
          == "\(path): the length should be a multiple of 3073 bytes, one record an image, found 3072.")
    }
  }

  @Test func labelOutOfRange() throws {
    try withTemporaryFolder { folder in
      let bytes = record(label: 1, red: 0, green: 0, blue: 0) + record(label: 10, red: 0, green: 0, blue: 0)
      let path = try folder.write(bytes, to: "test_batch.bin").path
      let error = #expect(throws: DatasetError.self) { try CIFAR10(directory: folder, split: .test) }
      #expect(error?.description == "\(path): the label of record 1 should be at most 9, found 10.")
    }
  }
}

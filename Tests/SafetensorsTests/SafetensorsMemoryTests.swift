import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

/// Safetensors files that are never on disk.
@Suite struct SafetensorsMemoryTests {
  private func bytes() throws -> [UInt8] {
    let items = try [
      SafetensorsItem(name: "a", tensor: Tensor([1.5, -2, 3, 4], shape: [2, 2])),
      SafetensorsItem(name: "b", tensor: Tensor([7, 8])),
    ]
    return try SafetensorsWriter.bytes(of: items, metadata: ["k": "v"], name: "memory")
  }

  @Test func whatIsWrittenIsRead() throws {
    let file = try SafetensorsFile(bytes: bytes(), name: "memory")
    #expect(file.names == ["a", "b"] && file.metadata == ["k": "v"])
    #expect(try file.tensor("a").shape == [2, 2])
    #expect(try file.tensor("a").elements(Double.self) == [1.5, -2, 3, 4])
    #expect(try file.tensor("b").elements(Int.self) == [7, 8])
  }

  @Test func itIsTheFileOnDisk() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "file")
      try SafetensorsWriter.write(
        [SafetensorsItem(name: "x", tensor: Tensor([1.0, 2]))], metadata: [:], to: url)
      let memory = try SafetensorsWriter.bytes(
        of: [SafetensorsItem(name: "x", tensor: Tensor([1.0, 2]))], metadata: [:], name: "memory")
      #expect(try Array(Data(contentsOf: url)) == memory)
    }
  }

  @Test func whatIsDamagedIsRefusedByName() throws {
    let whole = try bytes()
    for damaged in [[], Array(whole.prefix(7)), Array(whole.dropLast()), whole + [0], [255] + whole.dropFirst()] {
      do {
        _ = try SafetensorsFile(bytes: damaged, name: "memory")
        Issue.record("\(damaged.count) bytes were taken")
      } catch let error as SafetensorsError { #expect("\(error)".contains("memory")) }
    }
  }

  @Test func anItemMustHaveItsBytes() throws {
    let short = SafetensorsItem(name: "x", type: .float32, shape: [2], bytes: [0, 0, 0, 0] as [UInt8])
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter.bytes(of: [short], metadata: [:], name: "memory")
    }
  }
}

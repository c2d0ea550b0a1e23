import Datasets
import Foundation

struct CIFAR10Fuzzing: FuzzedParser {
  static let name = "cifar10"
  private let folder: URL

  init(folder: URL) { self.folder = folder }

  func seeds() -> [[UInt8]] {
    [3, 9].map { label in [label] + (0..<3072).map { UInt8(truncatingIfNeeded: $0) } }
  }

  func parse(_ bytes: [UInt8]) throws {
    try folder.appending(path: "test_batch.bin").write(bytes)
    try CIFAR10.open(directory: folder, split: .test).readAll()
  }
}

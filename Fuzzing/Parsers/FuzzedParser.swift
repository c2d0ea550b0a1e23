import Datasets
import Foundation

/// A parser of files that come from outside, fed with bytes.
protocol FuzzedParser {
  /// What `make fuzz PARSER=...` calls it.
  static var name: String { get }

  /// - Parameter folder: an empty one, where the parser writes what lies beside its file.
  init(folder: URL) throws

  /// Small files as they should be.
  func seeds() throws -> [[UInt8]]

  /// The files that `bytes` stand for: themselves, and where a checksum would end the reading early, the same with the
  /// checksum put right.
  func files(from bytes: [UInt8]) -> [[UInt8]]

  /// Writes `bytes` as a file into the folder and reads all that it holds.
  func parse(_ bytes: [UInt8]) throws
}

extension FuzzedParser {
  func files(from bytes: [UInt8]) -> [[UInt8]] { [bytes] }
}

extension URL {
  /// Writes a file, or replaces its contents. By the system's own calls: it is done for every input.
  func write(_ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    guard descriptor >= 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }
}

extension ImageDataset {
  /// Reads the first images with their labels and attributes.
  func readAll() throws {
    for index in 0..<min(count, 8) {
      _ = try image(at: index)
      _ = label(at: index)
      for attribute in attributeNames.indices.prefix(8) { _ = self.attribute(attribute, at: index) }
    }
  }
}

import Files
import Foundation

/// The checksums of a checkpoint's files, in `checksums.json` beside them: CRC-32C and length of each.
public enum Checksums {
  static let fileName = "checksums.json"
  private static let chunkBytes = 1 << 20

  private struct Entry: Codable, Equatable {
    var bytes: Int
    var crc32c: String
  }

  /// Writes the checksums of all files in `folder`.
  /// - Throws: ``ModelError`` naming the file that cannot be read or written.
  public static func write(for folder: URL) throws {
    let names = try attempt("read", folder) { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
    let entries = try names.filter { $0 != fileName }.map { ($0, try entry(of: folder.appending(path: $0))) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let url = folder.appending(path: fileName)
    try attempt("written", url) {
      try encoder.encode(Dictionary(uniqueKeysWithValues: entries)).write(to: url)
    }
  }

  /// Compares files with what was written. A folder without `checksums.json`, such as an exported model's, passes.
  /// - Parameter names: of the files to compare; nil for all.
  /// - Throws: ``ModelError`` naming the file that is missing or damaged.
  public static func verify(_ folder: URL, only names: Set<String>? = nil) throws {
    let url = folder.appending(path: fileName)
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    let data = try attempt("read", url) { try Data(contentsOf: url) }
    let entries = try ModelFolder.decode([String: Entry].self, data, file: url.path)
    for (name, expected) in entries.sorted(by: { $0.key < $1.key }) where names?.contains(name) ?? true {
      guard !name.contains("/"), name != "..", name != "." else {
        throw ModelError.file(url.path, reason: "field \(name) is no name of a file beside it")
      }
      let file = folder.appending(path: name)
      let found = try entry(of: file)
      guard found == expected else {
        throw ModelError.file(
          file.path,
          reason: found.bytes == expected.bytes
            ? "is damaged: its CRC-32C is \(found.crc32c), \(fileName) says \(expected.crc32c)"
            : "is damaged: it has \(found.bytes) bytes, \(fileName) says \(expected.bytes)")
      }
    }
  }

  private static func entry(of url: URL) throws -> Entry {
    try attempt("read", url) {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      var (crc, bytes) = (CRC32C(), 0)
      while let chunk = try handle.read(upToCount: chunkBytes), !chunk.isEmpty {
        chunk.withUnsafeBytes { crc.update($0) }
        bytes += chunk.count
      }
      return Entry(bytes: bytes, crc32c: hexadecimal(crc.value))
    }
  }

  private static func attempt<R>(_ verb: String, _ url: URL, _ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      throw ModelError.file(url.path, reason: "cannot be \(verb): \(error.systemReason)")
    }
  }
}

import ArgumentParser
import Files
import Foundation

/// Lines of text, or bytes, for standard output or a file, which appears under its name when all are written.
final class LineOutput {
  private let path: String?
  private let temporary: URL?
  private let handle: FileHandle

  /// - Parameter path: nil for standard output.
  init(to path: String?) throws {
    self.path = path
    guard let path else {
      temporary = nil
      handle = .standardOutput
      return
    }
    let url = URL(filePath: path)
    let temporary = url.deletingLastPathComponent().appending(path: ".\(UUID().uuidString).tmp")
    self.temporary = temporary
    do {
      try Data().write(to: temporary)
      handle = try FileHandle(forWritingTo: temporary)
    } catch { throw Self.failure(path, error) }
  }

  deinit { if let temporary { try? FileManager.default.removeItem(at: temporary) } }

  func write(_ lines: [String]) throws { try write(Data(lines.map { $0 + "\n" }.joined().utf8)) }

  func write(_ bytes: Data) throws {
    do { try handle.write(contentsOf: bytes) } catch { throw Self.failure(path ?? "standard output", error) }
  }

  func finish() throws {
    guard let temporary, let path else { return }
    do {
      try handle.close()
      guard rename(temporary.path, URL(filePath: path).path) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    } catch { throw Self.failure(path, error) }
  }

  private static func failure(_ path: String, _ error: any Error) -> ValidationError {
    ValidationError("\(path): the file could not be written (\(error.systemReason))")
  }
}

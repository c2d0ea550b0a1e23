import ArgumentParser
import Files
import Foundation

/// Lines of text, or bytes, for standard output or a file, which appears under its name when all are written.
final class LineOutput {
  private let path: String?
  private let file: AtomicFile?

  /// - Parameter path: nil for standard output.
  init(to path: String?) throws {
    self.path = path
    do { file = try path.map { try AtomicFile(URL(filePath: $0)) } } catch { throw Self.failure(path, error) }
  }

  func write(_ lines: [String]) throws { try write(Data(lines.map { $0 + "\n" }.joined().utf8)) }

  func write(_ bytes: Data) throws {
    do {
      if let file { try file.append(bytes) } else { try FileHandle.standardOutput.write(contentsOf: bytes) }
    } catch { throw Self.failure(path, error) }
  }

  func finish() throws { do { try file?.commit() } catch { throw Self.failure(path, error) } }

  private static func failure(_ path: String?, _ error: any Error) -> ValidationError {
    ValidationError("\(path ?? "standard output"): the file could not be written (\(error.systemReason))")
  }
}

import Files
import Foundation
import Logging
import Runs
import Synchronization

/// Writes what a run logs to `log.jsonl` in its folder, a line of JSON each: `time` (ISO 8601), `level`, `message` and the
/// metadata, in which a number is one if it comes as `.stringConvertible`. A line that cannot be written, such as on a full
/// disk, is lost.
public struct RunLog: LogHandler {
  public var logLevel = Logger.Level.info
  public var metadata = Logger.Metadata()
  private let file: URL
  private static let writing = Mutex(())

  /// Appends to the file that the run has, or makes it with the first line.
  public init(_ run: RunFolder) { file = run.logFile }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues(Self.json)
    fields["time"] = .string(Date.now.formatted(.iso8601))
    fields["level"] = .string(event.level.rawValue)
    fields["message"] = .string("\(event.message)")
    if let error = event.error { fields["error"] = .string("\(error)") }
    guard let line = try? JSONFile.line(fields) + Data("\n".utf8) else { return }
    Self.writing.withLock { _ in
      let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      line.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
    guard case .stringConvertible(let value) = value else { return .string("\(value)") }
    if let value = value as? Int { return .number(Double(value)) }
    if let value = value as? Double { return .number(value) }
    return .string("\(value)")
  }
}

import Files
import Foundation
import Logging
import Runs
import Synchronization

/// Writes what a run logs to `log.jsonl` in its folder, a line of JSON each: `time` (ISO 8601), `level`, `message` and the
/// metadata, in which a number is one if it comes as `.stringConvertible`. A line that cannot be written, such as on a full
/// disk, is lost.
struct RunLog: LogHandler {
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()
  private let file: URL
  private static let writing = Mutex(())

  /// Appends to the file that the run has, or makes it with the first line.
  init(_ run: RunFolder) { file = run.logFile }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
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

extension Trainer {
  /// What `logger` is told, and from rank 0 also what `log.jsonl` holds.
  var log: Logger {
    guard ranks.isLeader else { return logger }
    return Logger(label: logger.label) { [run, logger] _ in MultiplexLogHandler([logger.handler, RunLog(run)]) }
  }
}

extension Logger {
  /// Lines on standard error, with the time: for ``Trainer/logger`` in a program that does not use swift-log itself.
  /// - Parameter level: of the least of what is said. At `info` also each checkpoint.
  public static func standardError(from level: Level = .notice) -> Logger {
    var logger = Logger(label: "glow.training") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    return logger
  }
}

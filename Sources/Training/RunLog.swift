import Foundation
import Logging
import Runs
import Synchronization

/// Writes what a run logs to `log.jsonl` in its folder, a line of JSON each: `time` (ISO 8601), `level`, `message` and the
/// metadata. A line that cannot be written, such as on a full disk, is lost.
struct RunLog: LogHandler {
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()
  private let file: URL
  private static let writing = Mutex(())

  init(_ run: RunFolder) { file = run.logFile }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
    fields["time"] = Date.now.formatted(.iso8601)
    fields["level"] = event.level.rawValue
    fields["message"] = "\(event.message)"
    if let error = event.error { fields["error"] = "\(error)" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(fields) + Data("\n".utf8) else { return }
    Self.writing.withLock { _ in
      let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      line.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }
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

import Foundation
import Logging
import Runs
import Synchronization

/// Writes what a run logs to `log.jsonl` in its folder, a line of JSON each: `time` (ISO 8601), `level`, `message` and the
/// metadata. A line that cannot be written, such as on a full disk, is lost.
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

import Files
import Foundation
import NIOCore
import Runs

/// The events that tell of a run, as they come about.
struct RunStream {
  /// To wait between looks.
  static let interval = Duration.milliseconds(500)
  /// A summary reads all of the metrics: so often at most, in looks.
  private static let looksPerSummary = 10
  /// A comment finds out whether the client is still there: after so many looks with nothing new.
  private static let looksPerComment = 20

  private let entry: RunCatalog.Entry
  private var metrics: LineTail
  private var log: LineTail
  private var summary: ByteBuffer?
  private var looksSinceSummary = RunStream.looksPerSummary
  private var hasNews = true
  private var quietLooks = 0
  /// Whether the run is not being trained, and all was given.
  private(set) var isDone = false

  init(_ entry: RunCatalog.Entry) {
    self.entry = entry
    metrics = LineTail(entry.run.metricsFile)
    log = LineTail(entry.run.logFile)
  }

  /// What is new since the last look; nil after the end.
  mutating func next() -> [ByteBuffer]? {
    guard !isDone else { return nil }
    // Before the lines are read: those that come after it are of a run that goes on.
    let isBeingTrained = entry.run.isBeingTrained
    let lines =
      metrics.newLines().compactMap { Self.event("metrics", $0) } + log.newLines().compactMap { Self.event("log", $0) }
    hasNews = hasNews || !lines.isEmpty
    looksSinceSummary += 1
    var events: [ByteBuffer] = []
    if hasNews, looksSinceSummary >= Self.looksPerSummary || !isBeingTrained {
      (hasNews, looksSinceSummary) = (false, 0)
      let new = ByteBuffer(json: entry.answer())
      if new != summary { events.append(.event("summary", new)) }
      summary = new
    }
    events += lines
    if !isBeingTrained {
      isDone = true
      events.append(.event("end", ByteBuffer(string: "{}")))
    }
    quietLooks = events.isEmpty ? quietLooks + 1 : 0
    if quietLooks >= Self.looksPerComment {
      quietLooks = 0
      events.append(ByteBuffer(string: ":\n\n"))
    }
    return events
  }

  /// Nil for a line that is no JSON object, such as one that a crash left.
  private static func event(_ name: String, _ line: Data) -> ByteBuffer? {
    guard let value = try? JSONValue(parsing: line), case .object = value else { return nil }
    return .event(name, ByteBuffer(json: value))
  }
}

import Logging

/// Tells a person at the terminal what a run warns of, above the progress bar. What is worse than an error ends the program,
/// which then says it itself.
struct TerminalLog: LogHandler {
  var logLevel = Logger.Level.notice
  var metadata = Logger.Metadata()
  private let bar: ProgressBar

  init(_ bar: ProgressBar) { self.bar = bar }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.level < .critical else { return }
    bar.print(safe("\(event.level.rawValue): \(event.message)"), isError: event.level >= .error)
  }
}

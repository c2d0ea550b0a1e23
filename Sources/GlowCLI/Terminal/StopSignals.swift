import Dispatch
import Foundation
import Synchronization

/// Turns Ctrl-C, SIGTERM and SIGHUP into a request that the training loop asks for; a second one ends the process. A file
/// that grows beyond a limit (SIGXFSZ) is left to whoever writes it.
final class StopSignals {
  private final class Request: Sendable {
    let isMade = Atomic<Bool>(false)
    let instant = Mutex<ContinuousClock.Instant?>(nil)
  }

  /// Signals within this time of the first are the same request.
  private static let oneRequest = Duration.milliseconds(500)

  private let request = Request()
  private let sources: [any DispatchSourceSignal]

  var isRequested: Bool { request.isMade.load(ordering: .relaxed) }

  var secondsSinceRequest: Double? {
    request.instant.withLock { $0 }.map { (ContinuousClock().now - $0) / .seconds(1) }
  }

  /// - Parameter isQuiet: whether another process of the job says what happens.
  init(isQuiet: Bool = false) {
    signal(SIGXFSZ, SIG_IGN)
    let queue = DispatchQueue(label: "signals")
    let signals = [SIGINT, SIGTERM, SIGHUP]
    for number in signals { signal(number, SIG_IGN) }
    sources = signals.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
    for source in sources {
      source.setEventHandler { [request] in
        let now = ContinuousClock().now
        if request.isMade.exchange(true, ordering: .relaxed) {
          // A launcher may send on what the process was sent already.
          guard let first = request.instant.withLock({ $0 }), now - first > Self.oneRequest else { return }
          _exit(130)
        }
        request.instant.withLock { $0 = now }
        if isQuiet { return }
        let newLine = isatty(STDERR_FILENO) == 1 ? "\n" : ""
        FileHandle.standardError.write(Data("\(newLine)Stopping after this step; once more to leave at once.\n".utf8))
      }
      source.resume()
    }
  }

  deinit { for source in sources { source.cancel() } }
}

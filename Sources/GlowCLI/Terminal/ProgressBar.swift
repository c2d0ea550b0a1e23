import Foundation
import Synchronization

/// A line that says how far long work is: redrawn in place on a terminal, a plain line now and then in a log.
final class ProgressBar: Sendable {
  private struct Drawing {
    var last: ContinuousClock.Instant?
    var isThere = false
  }

  private let onTerminal = Terminal.takesControls(STDERR_FILENO)
  private let clock = ContinuousClock()
  private let drawing = Mutex(Drawing())

  private var interval: Duration { onTerminal ? .milliseconds(100) : .seconds(15) }

  /// Shows `done` of `total`, if the last time was long enough ago, with `details` behind it. Work in whole batches may be
  /// a little more than was asked for: it is shown as all of it.
  func update(_ done: Int, of total: Int, _ details: @autoclosure () -> String) {
    guard !Talk.isQuiet else { return }
    let done = min(done, total)
    drawing.withLock { drawing in
      let now = clock.now
      if let last = drawing.last, now - last < interval, done < total { return }
      drawing.last = now
      let fraction = partDone(done, of: total)
      guard onTerminal else {
        write(Self.line(fraction, "\(done)/\(total)", details(), columns: .max, bar: 0, inUTF8: false) + "\n")
        return
      }
      let line = Self.line(
        fraction, "\(done)/\(total)", details(), columns: Terminal.columns(STDERR_FILENO) - 1, inUTF8: Terminal.isUTF8)
      write("\r\u{1B}[2K\(line)")
      drawing.isThere = true
    }
  }

  /// A line of at most so many columns: where they are few, the bar is shorter, then it is left out, then the last words are.
  /// - Parameter most: the longest bar.
  static func line(
    _ fraction: Double, _ counts: String, _ details: String, columns: Int, bar most: Int = 28, inUTF8: Bool
  ) -> String {
    let percent = String(format: "%3d%%", Int(fraction * 100))
    let words = "\(counts)  \(details)"
    let width = min(most, columns - percent.count - words.count - 2)
    guard width >= 5 else {
      var parts = "\(percent)  \(words)".components(separatedBy: "  ")
      while parts.count > 1, parts.joined(separator: "  ").count > columns { parts.removeLast() }
      return String(parts.joined(separator: "  ").prefix(columns))
    }
    let full = Int(fraction * Double(width))
    let (done, left) = inUTF8 ? ("█", "░") : ("#", ".")
    return "\(percent) \(String(repeating: done, count: full))\(String(repeating: left, count: width - full)) \(words)"
  }

  /// Prints a line above the bar.
  /// - Parameter isError: whether quiet verbs print it, too.
  func print(_ line: String, isError: Bool = false) {
    guard isError || !Talk.isQuiet else { return }
    drawing.withLock { drawing in
      clear(&drawing)
      write(line + "\n")
    }
  }

  /// Takes the bar off the terminal.
  func clear() { drawing.withLock { clear(&$0) } }

  private func clear(_ drawing: inout Drawing) {
    if drawing.isThere { write("\r\u{1B}[2K") }
    drawing = Drawing()
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// From 0 to 1; all where there is nothing to do.
func partDone(_ done: Int, of total: Int) -> Double { total <= 0 ? 1 : min(1, max(0, Double(done) / Double(total))) }

/// Seconds as `4m05s`.
func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e8 else { return "?" }
  let whole = Int(seconds.rounded())
  let (hours, minutes) = (whole / 3600, whole / 60 % 60)
  if hours > 0 { return String(format: "%dh%02dm", hours, minutes) }
  return minutes > 0 ? String(format: "%dm%02ds", minutes, whole % 60) : "\(whole)s"
}

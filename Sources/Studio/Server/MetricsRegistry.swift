import Foundation
import Synchronization

/// What the server counts, for Prometheus (text exposition format 0.0.4).
final class MetricsRegistry: Sendable {
  private struct Key: Hashable {
    var name: String
    var labels: String
  }
  private struct Histogram {
    var counts: [Int]
    var sum = 0.0
    var count = 0
  }
  private struct State {
    var counters: [Key: Int] = [:]
    var histograms: [Key: Histogram] = [:]
  }
  private let state = Mutex(State())

  /// Upper bounds in seconds.
  private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

  func increment(_ name: String, _ labels: [(String, String)] = [], by count: Int = 1) {
    state.withLock { $0.counters[Key(name: name, labels: Self.text(labels)), default: 0] += count }
  }

  func observe(_ name: String, _ labels: [(String, String)] = [], seconds: Double) {
    state.withLock { state in
      let key = Key(name: name, labels: Self.text(labels))
      var histogram = state.histograms[key] ?? Histogram(counts: Self.bounds.map { _ in 0 })
      for (number, bound) in Self.bounds.enumerated() where seconds <= bound { histogram.counts[number] += 1 }
      histogram.sum += seconds
      histogram.count += 1
      state.histograms[key] = histogram
    }
  }

  /// A measurement that is made when it is asked for.
  struct Reading {
    enum Kind: String { case counter, gauge }
    var name: String
    var help: String
    var kind: Kind
    var value: Double
  }

  /// - Parameters:
  ///   - help: what the counters and histograms tell, by their names.
  ///   - readings: what is not counted here.
  func text(help: [String: String], _ readings: [Reading]) -> String {
    let state = state.withLock { $0 }
    var lines: [String] = []
    func head(_ name: String, _ kind: String, _ help: String?) {
      if let help { lines.append("# HELP \(name) \(help)") }
      lines.append("# TYPE \(name) \(kind)")
    }
    for (name, entries) in Dictionary(grouping: state.counters, by: \.key.name).sorted(by: { $0.key < $1.key }) {
      head(name, "counter", help[name])
      lines += entries.map { "\(name)\(Self.braced($0.key.labels)) \($0.value)" }.sorted()
    }
    for (name, entries) in Dictionary(grouping: state.histograms, by: \.key.name).sorted(by: { $0.key < $1.key }) {
      head(name, "histogram", help[name])
      for (key, histogram) in entries.sorted(by: { $0.key.labels < $1.key.labels }) {
        let prefix = key.labels.isEmpty ? "" : key.labels + ","
        for (bound, count) in zip(Self.bounds, histogram.counts) {
          lines.append("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)")
        }
        lines.append("\(name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)")
        lines.append("\(name)_sum\(Self.braced(key.labels)) \(histogram.sum)")
        lines.append("\(name)_count\(Self.braced(key.labels)) \(histogram.count)")
      }
    }
    for reading in readings {
      head(reading.name, reading.kind.rawValue, reading.help)
      lines.append("\(reading.name) \(reading.value)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

  private static func text(_ labels: [(String, String)]) -> String {
    labels.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }.joined(separator: ",")
  }
}

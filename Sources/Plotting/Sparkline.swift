import Foundation

/// A curve in a line of text, of signs of eight heights.
public enum Sparkline {
  private static let (blocks, letters) = (Array("▁▂▃▄▅▆▇█"), Array("_.-~=+*#"))

  /// - Parameters:
  ///   - values: from left to right; those that cannot be drawn (not finite; on a logarithmic scale not above zero) are
  ///     gaps.
  ///   - width: characters at most; of more values, those that share a character are averaged.
  ///   - inUTF8: draws blocks; else signs of ASCII.
  public static func text(
    _ values: [Double], width: Int = 60, scale: Chart.Scale = .linear, inUTF8: Bool = true
  ) -> String {
    precondition(width > 0, "a sparkline has at least one character")
    let places = values.map { AxisRange.place($0, scale) }
    let columns = min(width, places.count)
    let means: [Double?] = (0..<columns).map { column in
      let shown = places[column * places.count / columns..<(column + 1) * places.count / columns].compactMap { $0 }
      return shown.isEmpty ? nil : shown.reduce(0) { $0 + $1 / Double(shown.count) }
    }
    guard let low = means.compactMap({ $0 }).min(), let high = means.compactMap({ $0 }).max() else {
      return String(repeating: " ", count: columns)
    }
    let span = high / 2 - low / 2
    return String(
      means.map { mean in
        guard let mean else { return " " }
        let height = span > 0 ? (mean / 2 - low / 2) / span : 0
        return (inUTF8 ? blocks : letters)[min(7, Int(height * 8))]
      })
  }
}

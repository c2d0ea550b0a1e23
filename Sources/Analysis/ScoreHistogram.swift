/// How many of some numbers lie in each of some bins of one width.
public struct ScoreHistogram: Codable, Sendable, Hashable {
  /// One more than there are ``counts``, ascending: bin i is from edge i up to edge i + 1, which belongs to the last bin alone.
  public var edges: [Double]
  /// How many numbers lie in each bin.
  public var counts: [Int]

  /// - Parameters:
  ///   - sorted: one or more, ascending.
  ///   - bins: one where all numbers are the same.
  init(_ sorted: [Double], bins: Int) {
    let (low, high) = (sorted[0], sorted[sorted.count - 1])
    let width = (high - low) / Double(bins)
    guard width > 0 else {
      (edges, counts) = ([low, high], [sorted.count])
      return
    }
    edges = (0..<bins).map { low + Double($0) * width } + [high]
    counts = sorted.reduce(into: [Int](repeating: 0, count: bins)) { counts, value in
      counts[min(bins - 1, Int((value - low) / width))] += 1
    }
  }
}

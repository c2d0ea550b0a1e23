import Foundation

/// How fast pictures are packed or unpacked, and how long it still takes.
struct ArchiveProgress {
  private let start = ContinuousClock.now

  /// - Parameters:
  ///   - bytes: of the pixels that are done.
  ///   - fraction: the share of the work that is done.
  func text(bytes: Int, fraction: Double) -> String {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = String(format: "%.2f MB/s", Double(bytes) / 1e6 / max(seconds, 1e-3))
    guard fraction > 0 else { return rate }
    return rate + "  \(duration(seconds * (1 - fraction) / fraction)) left"
  }
}

import Synchronization

/// The bytes of all bodies that are held at a time. The start of each is not counted, of which there are as many as
/// connections, so that small requests are read whatever large ones hold; and a part is kept for those of medium size.
final class BodyBudget: Sendable {
  /// In bytes.
  static let uncountedStart = 64 << 10
  static let mediumSize = 1 << 20

  private let limit: Int
  private let taken = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// - Parameter total: of which these are the last.
  /// - Returns: whether there is room for so many more bytes of a body.
  func take(_ bytes: Int, of total: Int) -> Bool {
    let counted = Self.counted(total) - Self.counted(total - bytes)
    let limit = total <= Self.mediumSize ? limit : limit - limit / 4
    return taken.withLock { taken in
      guard counted == 0 || taken + counted <= limit else { return false }
      taken += counted
      return true
    }
  }

  /// - Parameter total: what was taken for a body.
  func giveBack(_ total: Int) { taken.withLock { $0 -= Self.counted(total) } }

  private static func counted(_ total: Int) -> Int { max(0, total - uncountedStart) }
}

/// How fast a body comes. One that comes slower than ``slowest`` over a few seconds holds a place rather than sends
/// something, however much came before.
struct BodyPace {
  /// In bytes a second.
  static let slowest = 1000
  /// In seconds.
  static let span = 5

  /// The bytes that were there a second ago, two seconds ago and so on, the oldest first.
  private var counts = [0]

  /// - Parameter bytes: all that have come; asked once a second.
  mutating func isTooSlow(with bytes: Int) -> Bool {
    counts.append(bytes)
    guard counts.count > Self.span else { return false }
    return bytes - counts.removeFirst() < Self.span * Self.slowest
  }
}

import Synchronization

/// The endless order of training images: epochs on end, each a permutation keyed by (seed, epoch).
final class EpochOrders: Sendable {
  private let count: Int
  private let seed: UInt64
  private let recent = Mutex<[Int: [Int]]>([:])

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  /// The images at `positions` of the endless order.
  func items(at positions: Range<Int>) -> [BatchAssembler.Item] {
    var items: [BatchAssembler.Item] = []
    items.reserveCapacity(positions.count)
    var position = positions.lowerBound
    while position < positions.upperBound {
      let (epoch, offset) = position.quotientAndRemainder(dividingBy: count)
      let taken = min(count - offset, positions.upperBound - position)
      items += order(of: epoch)[offset..<offset + taken].map { BatchAssembler.Item(index: $0, pass: epoch) }
      position += taken
    }
    return items
  }

  /// Two epochs are kept: batches near the end of one are made beside batches of the next.
  private func order(of epoch: Int) -> [Int] {
    recent.withLock { recent in
      if let order = recent[epoch] { return order }
      var random = KeyedRandom(.epochOrder, seed, UInt64(epoch))
      let order = random.permutation(of: count)
      recent[epoch] = order
      if recent.count > 2 { recent[recent.keys.min()!] = nil }
      return order
    }
  }
}

import Synchronization

/// The endless order of training images: epochs on end, each a permutation keyed by (seed, epoch), of all images or,
/// where the data set asks for it, of blocks and then of images.
final class EpochOrders: Sendable {
  private let count: Int
  private let seed: UInt64
  private let block: Int?
  private let recent = Mutex<[Int: [Int]]>([:])

  /// - Parameter block: as ``ImageDataset/shuffleBlock``.
  init(count: Int, block: Int? = nil, seed: UInt64) {
    self.count = count
    self.block = block
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
      let indices = indices(at: offset..<offset + taken, ofEpoch: epoch)
      items += indices.map { BatchAssembler.Item(index: $0, pass: epoch) }
      position += taken
    }
    return items
  }

  private func indices(at places: Range<Int>, ofEpoch epoch: Int) -> [Int] {
    guard let block else { return Array(order(of: epoch)[places]) }
    let order = BlockOrder(count: count, block: block, seed: seed, epoch: epoch)
    return places.map { order[$0] }
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

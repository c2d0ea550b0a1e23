/// An order of images that is kind to disks and needs no table: blocks of neighboring images in random order, and the
/// images of a window of so many blocks in random order among themselves.
///
/// A window holds blocks from everywhere in the data, so that a batch is mixed even where the images lie sorted, while
/// no more than a window's blocks are in use at a time. The blocks begin at a random image (the last wraps around), so
/// that the rest that fills no block is another one every epoch. All of it is a function of the generators' keys.
struct BlockOrder: Sendable {
  let count: Int
  private let block: Int
  private let window: Int
  private let start: Int
  private let blocks: KeyedPermutation?
  private let seed: UInt64
  private let epoch: UInt64

  /// Blocks that a window takes together.
  static let blocksPerWindow = 1024

  /// - Parameter block: images a block.
  init(count: Int, block: Int, seed: UInt64, epoch: Int, blocksPerWindow: Int = blocksPerWindow) {
    precondition(count > 0 && block > 0 && blocksPerWindow > 0, "an order needs images, blocks and windows")
    self.count = count
    self.block = block
    self.seed = seed
    self.epoch = UInt64(epoch)
    window = block * blocksPerWindow
    var random = KeyedRandom(.blockOrder, seed, UInt64(epoch))
    start = random.next(below: count)
    let whole = count / block
    blocks = whole > 0 ? KeyedPermutation(of: whole, keyedBy: KeyedRandom(.blockOrder, seed, UInt64(epoch), 0)) : nil
  }

  /// The image at `position` of the epoch.
  subscript(position: Int) -> Int {
    precondition((0..<count).contains(position), "position \(position) is outside 0..<\(count)")
    let number = position / window
    let first = number * window
    let inWindow = KeyedPermutation(
      of: min(window, count - first), keyedBy: KeyedRandom(.blockOrder, seed, epoch, 1, UInt64(number)))
    let slot = first + inWindow[position - first]
    // Slots beyond the last whole block are the rest, in their own order.
    guard let blocks, slot / block < blocks.count else { return (start + slot) % count }
    return (start + blocks[slot / block] * block + slot % block) % count
  }
}

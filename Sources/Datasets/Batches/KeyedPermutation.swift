/// A random order of `0..<count` that is computed and not stored: any place of it in constant time and memory.
///
/// A Feistel network of six rounds over the smallest even number of bits that holds `count` is a permutation of the
/// numbers of so many bits; numbers beyond `count` are walked on until one falls within (cycle walking, Black and
/// Rogaway 2002), fewer than four steps on average. Round functions are the values of a ``KeyedRandom``.
struct KeyedPermutation: Sendable {
  let count: Int
  private let random: KeyedRandom
  private let halfBits: UInt64

  private static let rounds: UInt64 = 6

  init(of count: Int, keyedBy random: KeyedRandom) {
    precondition(count > 0, "a permutation needs at least one element, got \(count)")
    self.count = count
    self.random = random
    let bits = Int.bitWidth - (count - 1).leadingZeroBitCount
    halfBits = UInt64(max(1, (bits + 1) / 2))
  }

  /// The number at place `position`.
  subscript(position: Int) -> Int {
    precondition((0..<count).contains(position), "place \(position) is outside 0..<\(count)")
    var value = UInt64(position)
    repeat { value = scrambled(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func scrambled(_ value: UInt64) -> UInt64 {
    let mask: UInt64 = 1 << halfBits - 1
    var (left, right) = (value >> halfBits, value & mask)
    for round in 0..<Self.rounds {
      (left, right) = (right, left ^ (random[round << halfBits | right] & mask))
    }
    return left << halfBits | right
  }
}

import FlowModels
import Torch

/// The latents of images seen last, by their pixels and the condition that was asked for.
struct LatentCache {
  struct Key: Hashable {
    let pixels: [UInt8]
    /// Nil for the most likely.
    let condition: Condition?
  }

  struct Entry {
    /// The latents of one image.
    let latents: Latents
    /// What it was encoded under.
    let condition: Condition
    fileprivate var lastUsed = 0
  }

  private let capacity: Int
  private var entries: [Key: Entry] = [:]
  private var clock = 0

  /// However many images may be kept, they take no more than this.
  private static let byteLimit = 128 << 20

  init(capacity: Int, bytesPerImage: Int) { self.capacity = min(capacity, Self.byteLimit / bytesPerImage) }

  subscript(key: Key) -> Entry? {
    mutating get {
      clock += 1
      entries[key]?.lastUsed = clock
      return entries[key]
    }
  }

  /// - Returns: what was put in.
  mutating func insert(_ latents: Latents, under condition: Condition, for key: Key) -> Entry {
    clock += 1
    let entry = Entry(latents: latents, condition: condition, lastUsed: clock)
    guard capacity > 0 else { return entry }
    entries[key] = entry
    if entries.count > capacity { forgetOldest() }
    return entry
  }

  private mutating func forgetOldest() {
    // In bulk, so that a full cache is not searched at every image.
    let kept = entries.values.map(\.lastUsed).sorted().suffix(max(1, capacity * 3 / 4)).first!
    entries = entries.filter { $0.value.lastUsed >= kept }
  }
}

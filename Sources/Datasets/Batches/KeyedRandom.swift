/// A counter-based random generator: value `i` of the stream named by a few integers, at any `i`, in any order.
///
/// The integers (a purpose, a seed, an epoch, an image index, ...) are absorbed one by one into a 64-bit key with the
/// finalizer of SplitMix64 (Steele, Lea and Flood 2014; the constants are Stafford's "mix 13"). Value `i` is the
/// finalizer of `key + (i + 1) * gamma`, gamma being 2^64 divided by the golden ratio: SplitMix64 started at the key.
/// Nothing is shared, so that noise does not depend on batch size, thread or rank. Not for cryptography.
///
/// ```swift
/// let seed: UInt64 = 7
/// var random = KeyedRandom(.split, seed)
/// print(random.permutation(of: 5))
/// print(KeyedRandom(.split, seed)[2] == KeyedRandom(.split, seed)[2])  // true: by place, in any order
/// ```
public struct KeyedRandom: RandomNumberGenerator, Sendable {
  /// What the numbers are for. The same seed gives unrelated streams for unlike purposes.
  public enum Purpose: UInt64, Sendable {
    /// Which images go into a split that the set does not fix.
    case split = 1
    /// The order of all images in an epoch.
    case epochOrder
    /// Dequantization noise in training.
    case trainingNoise
    /// Dequantization noise in evaluations.
    case evaluationNoise
    /// Flips and shifts of training images.
    case augmentation
    /// The order of blocks of images that lie together, and of the images of some blocks.
    case blockOrder
    /// Where training images are cut from larger pictures.
    case crop
    /// Which attributes of an image are told, and other choices among attributes.
    case attributes
  }

  @usableFromInline let key: UInt64
  @usableFromInline var counter: UInt64 = 0

  /// The stream that a purpose and a few numbers name.
  /// - Parameter parts: the numbers; order matters, and so does how many there are.
  public init(_ purpose: Purpose, _ parts: UInt64...) {
    var key = Self.finalize(purpose.rawValue &* Self.gamma)
    for part in parts {
      key = Self.finalize((key ^ Self.finalize(part &+ Self.gamma)) &+ Self.gamma)
    }
    self.key = key
  }

  /// Value `index` of the stream, uniform over all of `UInt64`.
  @inlinable
  public subscript(index: UInt64) -> UInt64 {
    Self.finalize(key &+ (index &+ 1) &* Self.gamma)
  }

  /// The value after the one given last; the first call gives value 0.
  @inlinable
  public mutating func next() -> UInt64 {
    defer { counter &+= 1 }
    return self[counter]
  }

  /// The next value, scaled to `0..<bound` by a multiplication; the bias is below `bound / 2^64`.
  @inlinable
  public mutating func next(below bound: Int) -> Int {
    precondition(bound > 0, "a bound must be positive, got \(bound)")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Fills `buffer` with dequantization noise `k / 65536`, `k` uniform in `0..<65536`.
  ///
  /// Every value is in [0, 1), and `(x + u) / 256 - 1/2` is exact in float32 for `x` in `0..<256`. Four values come
  /// from each 64-bit value of the stream, from value 0 on, lowest bits first; `next()` is not touched.
  @inlinable
  public func fillNoise(_ buffer: UnsafeMutableBufferPointer<Float>) {
    guard let base = buffer.baseAddress else { return }
    let wholeWords = buffer.count / 4
    var state = key
    for word in 0..<wholeWords {
      state &+= Self.gamma
      let bits = Self.finalize(state)
      base[4 * word] = Float(Int32(truncatingIfNeeded: bits & 0xFFFF)) * 0x1p-16
      base[4 * word + 1] = Float(Int32(truncatingIfNeeded: bits >> 16 & 0xFFFF)) * 0x1p-16
      base[4 * word + 2] = Float(Int32(truncatingIfNeeded: bits >> 32 & 0xFFFF)) * 0x1p-16
      base[4 * word + 3] = Float(Int32(truncatingIfNeeded: bits >> 48)) * 0x1p-16
    }
    var rest = Self.finalize(state &+ Self.gamma)
    for i in 4 * wholeWords..<buffer.count {
      base[i] = Float(Int32(truncatingIfNeeded: rest & 0xFFFF)) * 0x1p-16
      rest >>= 16
    }
  }

  /// A uniform random order of `0..<count` (Fisher and Yates), from the values that follow.
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, next(below: i + 1))
    }
    return order
  }

  @usableFromInline static let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inlinable
  static func finalize(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

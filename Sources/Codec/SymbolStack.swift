import CCodec

/// The state of the lossless code: a stack of symbols, each of which costs the logarithm of its base in bits.
///
/// A flow's code pops random numbers and pushes what is left, so that an image costs its negative log-likelihood (bits-back coding
/// with a flow: Ho, Lohn & Abbeel 2019). Below what was pushed lie pseudo-random words, drawn as they are needed: they are counted,
/// and come back when everything is popped.
///
/// ```swift
/// let stack = SymbolStack(key: 1)
/// stack.push(5, base: 10)
/// print(stack.pop(base: 10))  // 5
/// ```
public final class SymbolStack {
  let handle: OpaquePointer

  /// - Parameter key: of the pseudo-random words.
  public init(key: UInt64) { handle = cc_stack_create(key) }

  deinit { cc_stack_destroy(handle) }

  /// - Parameters:
  ///   - symbol: below `base`.
  ///   - base: 1 to 2^32.
  public func push(_ symbol: UInt64, base: UInt64) {
    precondition(base > 0 && base <= 1 << 32 && symbol < base, "symbol \(symbol) to base \(base)")
    cc_stack_push(handle, symbol, base)
  }

  /// The symbol to `base` that lies on top.
  public func pop(base: UInt64) -> UInt64 {
    precondition(base > 0 && base <= 1 << 32, "base \(base)")
    return cc_stack_pop(handle, base)
  }

  /// A number on the grid of 2^-gridBits, under a standard normal distribution.
  public func pushNormal(_ number: Int32, gridBits: Int) { cc_stack_push_normal(handle, number, Int32(gridBits)) }
  /// The number on the grid of 2^-gridBits that lies on top, under a standard normal distribution.
  public func popNormal(gridBits: Int) -> Int32 { cc_stack_pop_normal(handle, Int32(gridBits)) }

  /// The stack's words, the lowest first, and then its state.
  public var words: [UInt16] {
    let count = cc_stack_word_count(handle)
    return [UInt16](unsafeUninitializedCapacity: count) { buffer, filled in
      cc_stack_copy_words(handle, buffer.baseAddress!)
      filled = count
    }
  }

  /// How many pseudo-random words were drawn.
  public var drawnCount: Int { cc_stack_drawn_count(handle) }

  /// Bits on the stack, less those of the pseudo-random words: what all pushes cost together.
  public var bits: Double { cc_stack_bits(handle) }

  /// A stack as ``words`` had it.
  /// - Returns: nil where the words are of no stack.
  public init?(words: [UInt16], key: UInt64) {
    handle = cc_stack_create(key)
    guard cc_stack_restore(handle, words, words.count) != 0 else { return nil }
  }

  /// A stack from which pops are fed by `seed`, the last first, before pseudo-random words are drawn.
  public init(seed: [UInt16], key: UInt64) {
    handle = cc_stack_create(key)
    cc_stack_seed(handle, seed, seed.count)
  }

  /// What the stack was seeded with, once all is popped.
  /// - Parameters:
  ///   - drawn: pseudo-random words that encoding drew.
  ///   - count: words of the seed.
  /// - Returns: nil where the stack is not as it was at first, so that something is damaged.
  public func seed(drawn: Int, count: Int) -> [UInt16]? {
    var isWhole = false
    let words = [UInt16](unsafeUninitializedCapacity: max(1, count)) { buffer, filled in
      isWhole = cc_stack_unseed(handle, drawn, count, buffer.baseAddress!) != 0
      filled = isWhole ? count : 0
    }
    return isWhole ? words : nil
  }
}

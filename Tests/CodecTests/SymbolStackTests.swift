import Codec
import Foundation
import Testing

/// Symbols come off as they went on, and the stack is then what it was, to the word.
@Suite struct SymbolStackTests {
  /// Bases of all sizes, the odd ones most of all.
  private static let bases: [UInt64] = [
    1, 2, 3, 7, 255, 256, 257, 16384, 65535, 65536, 65537, 1 << 20, (1 << 20) + 7, 1 << 31, (1 << 32) - 5, 1 << 32,
  ]

  private struct Step {
    enum Kind { case push(UInt64, UInt64), normal(Int32, Int), pop(UInt64), popNormal(Int) }
    let kind: Kind
  }

  /// - Parameter pops: of ten steps.
  private func steps(_ count: Int, seed: UInt64, pops: Int) -> [Step] {
    var random = SplitMix(seed)
    return (0..<count).map { _ in
      let base = Self.bases.randomElement(using: &random)!
      let grid = Int.random(in: 4...20, using: &random)
      // Of normal numbers also those that no table has.
      let size = Int32.random(in: 0..<4, using: &random) == 0 ? (1 << 27) - 1 : Int32(3) << Int32(grid)
      let number = Int32.random(in: -size...size, using: &random)
      let isNormal = Bool.random(using: &random)
      if Int.random(in: 0..<10, using: &random) < pops {
        return Step(kind: isNormal ? .popNormal(grid) : .pop(base))
      }
      return Step(kind: isNormal ? .normal(number, grid) : .push(UInt64.random(in: 0..<base, using: &random), base))
    }
  }

  @Test(arguments: [0, 3, 5, 7, 10]) func everyStepIsUndone(pops: Int) {
    for seed in 0..<8 as Range<UInt64> {
      let stack = SymbolStack(key: seed)
      var undo: [() -> Bool] = []
      for step in steps(4000, seed: seed, pops: pops) {
        switch step.kind {
        case .push(let symbol, let base):
          stack.push(symbol, base: base)
          undo.append { stack.pop(base: base) == symbol }
        case .normal(let number, let grid):
          stack.pushNormal(number, gridBits: grid)
          undo.append { stack.popNormal(gridBits: grid) == number }
        case .pop(let base):
          let symbol = stack.pop(base: base)
          undo.append {
            stack.push(symbol, base: base)
            return symbol < base
          }
        case .popNormal(let grid):
          let number = stack.popNormal(gridBits: grid)
          undo.append {
            stack.pushNormal(number, gridBits: grid)
            return true
          }
        }
      }
      let drawn = stack.drawnCount
      #expect(undo.reversed().allSatisfy { $0() }, "seed \(seed)")
      #expect(stack.seed(drawn: drawn, count: 0) == [], "the stack is not as it was, seed \(seed)")
    }
  }

  @Test func seedsComeBack() throws {
    let seed = (0..<100).map { UInt16($0 * 631 % 65521) }
    let stack = SymbolStack(seed: seed, key: 3)
    let symbols = (0..<150).map { _ in stack.pop(base: 40_000) }
    #expect(stack.drawnCount > 0)
    let words = stack.words
    let read = try #require(SymbolStack(words: words, key: 3))
    for symbol in symbols.reversed() { read.push(symbol, base: 40_000) }
    #expect(read.seed(drawn: stack.drawnCount, count: 100) == seed)
    #expect(read.seed(drawn: stack.drawnCount - 1, count: 101) == nil)
    let other = try #require(SymbolStack(words: words, key: 4))
    for symbol in symbols.reversed() { other.push(symbol, base: 40_000) }
    #expect(other.seed(drawn: stack.drawnCount, count: 100) == nil, "of another key")
  }

  @Test func wordsThatAreNoStack() {
    #expect(SymbolStack(words: [], key: 0) == nil && SymbolStack(words: [1, 2], key: 0) == nil)
    #expect(SymbolStack(words: [0, 0, 0], key: 0) == nil)
    #expect(SymbolStack(words: [0, 0, 0x8000], key: 0) == nil, "a state of more than 47 bits")
    #expect(SymbolStack(words: [0, 0x8000, 0], key: 0) != nil)
  }

  /// Symbols cost the logarithm of their bases, and normal numbers their entropy.
  @Test func costs() {
    let stack = SymbolStack(key: 0)
    var random = SplitMix(1)
    var ideal = 0.0
    for _ in 0..<20_000 {
      let base = UInt64.random(in: 2...100_000, using: &random)
      stack.push(.random(in: 0..<base, using: &random), base: base)
      ideal += log2(Double(base))
    }
    #expect(abs(stack.bits - ideal) < 1e-4 * ideal, "\(stack.bits) for \(ideal)")
    let normals = SymbolStack(key: 0)
    let count = 100_000
    for _ in 0..<count {
      let (u, v) = (Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random))
      let z = (-2 * log(1 - u)).squareRoot() * cos(2 * .pi * v)
      normals.pushNormal(Int32((z * 16384).rounded(.down)), gridBits: 14)
    }
    let entropy = 0.5 * log2(2 * .pi * M_E) + 14
    #expect(abs(normals.bits / Double(count) - entropy) < 0.01, "\(normals.bits / Double(count)) for \(entropy)")
  }
}

/// Random numbers of one seed.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

import Testing

@testable import Datasets

@Suite struct KeyedRandomTests {
  @Test func finalizerIsThatOfSplitMix64() {
    // The first outputs of the reference SplitMix64 seeded with 1234567 (Vigna's splitmix64.c).
    var state: UInt64 = 1_234_567
    let outputs = (0..<3).map { _ in
      state &+= KeyedRandom.gamma
      return KeyedRandom.finalize(state)
    }
    #expect(outputs == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }

  @Test func valuesAreTheSameInAnyOrder() {
    var random = KeyedRandom(.split, 1, 2)
    let inOrder = (0..<5).map { _ in random.next() }
    #expect((0..<5).reversed().map { KeyedRandom(.split, 1, 2)[UInt64($0)] } == inOrder.reversed())
  }

  @Test func everyPartOfTheKeyMatters() {
    let first = [
      KeyedRandom(.split, 1, 2), KeyedRandom(.split, 2, 1), KeyedRandom(.split, 1), KeyedRandom(.split, 1, 2, 0),
      KeyedRandom(.epochOrder, 1, 2), KeyedRandom(.split, 1, 3), KeyedRandom(.split, 0, 2),
    ].map { $0[0] }
    #expect(Set(first).count == first.count)
  }

  @Test(arguments: [0, 1, 2, 7, 1000]) func permutationsAreBijections(count: Int) {
    var random = KeyedRandom(.epochOrder, 3, 0)
    #expect(random.permutation(of: count).sorted() == Array(0..<count))
  }

  @Test func permutationsOfThreeAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<6000 as Range<UInt64> {
      var random = KeyedRandom(.epochOrder, seed)
      counts[random.permutation(of: 3), default: 0] += 1
    }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { (850...1150).contains($0) }, "\(counts)")
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 11]) func noiseOfAnyLengthBeginsAlike(count: Int) {
    #expect(noise(count) == Array(noise(12)[..<count]))
  }

  @Test func noiseIsUniformAndExactInFloat32() {
    let values = noise(65536)
    #expect(values.allSatisfy { 0 <= $0 && $0 < 1 && ($0 * 65536).rounded() == $0 * 65536 })
    let mean = values.reduce(0.0) { $0 + Double($1) } / 65536
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 65536
    #expect(abs(mean - 0.5) < 0.005)
    #expect(abs(variance - 1.0 / 12) < 0.002)
    for (x, u) in zip([0, 1, 127, 128, 254, 255] as [Float], values) {
      #expect(Double((x + u) / 256 - 0.5) == (Double(x) + Double(u)) / 256 - 0.5)
    }
  }

  private func noise(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      KeyedRandom(.trainingNoise, 1, 2, 3).fillNoise(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }
}

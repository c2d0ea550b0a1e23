import Testing

@testable import Analysis

@Suite struct AreaUnderROCTests {
  @Test func knownValues() {
    #expect(areaUnderROC([1, 2, 3, 4], isPositive: [false, false, true, true]) == 1)
    #expect(areaUnderROC([4, 3, 2, 1], isPositive: [false, false, true, true]) == 0)
    #expect(areaUnderROC([5, 5, 5], isPositive: [true, false, true]) == 0.5)
    #expect(areaUnderROC([1, 2], isPositive: [true, true]) == nil)
    #expect(areaUnderROC([], isPositive: []) == nil)
  }

  /// The share of pairs of a positive and a negative in which the positive scores higher.
  @Test func theShareOfPairs() {
    let scores = (0..<60).map { Double($0 * 37 % 11) }
    let truth = (0..<60).map { $0 * 17 % 5 < 2 }
    var (sum, pairs) = (0.0, 0.0)
    for i in scores.indices where truth[i] {
      for j in scores.indices where !truth[j] {
        pairs += 1
        sum += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
      }
    }
    #expect(abs(areaUnderROC(scores, isPositive: truth)! - sum / pairs) < 1e-12)
  }
}

import Testing

@testable import Datasets

@Suite struct PartLookupTests {
  @Test func everyImageIsInItsPart() {
    for counts in [[1], [3, 1, 2], [0, 2, 0, 0, 1, 0], []] {
      let parts = PartLookup(counts)
      let expected = counts.enumerated().flatMap { part, count in (0..<count).map { [part, $0] } }
      #expect(parts.count == expected.count)
      #expect(
        (0..<parts.count).map { [parts.place(of: $0).part, parts.place(of: $0).image] } == expected, "\(counts)")
    }
  }

  @Test func theFirstIndexOfTheSecondPart() {
    for count in 0..<9 {
      for first in 0...count { #expect(Array(0..<count).partitioningIndex { $0 >= first } == first) }
    }
    #expect([5, 6, 7, 8][1...].partitioningIndex { $0 > 6 } == 2)
  }
}

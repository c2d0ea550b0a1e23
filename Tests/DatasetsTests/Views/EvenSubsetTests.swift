import Testing

@testable import Datasets

@Suite struct EvenSubsetTests {
  @Test func spreadsOverTheSet() throws {
    let ten = CountingDataset(count: 10)
    func pixels(_ limit: Int) throws -> [UInt8] {
      let some = ten.evenly(limit)
      return try (0..<some.count).map { try some.image(at: $0).pixels[0] }
    }
    #expect(try pixels(4) == [0, 2, 5, 7])
    #expect(try pixels(1) == [0])
    for limit in [10, 99] { #expect(try pixels(limit) == Array(0..<10)) }
  }
}

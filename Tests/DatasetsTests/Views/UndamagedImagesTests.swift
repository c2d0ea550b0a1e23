import Testing

@testable import Datasets

@Suite struct UndamagedImagesTests {
  @Test func damagedImagesAreLeftOutAndNamed() throws {
    let sound = try UndamagedImages(of: CountingDataset(count: 200, broken: [3, 150]), skippingAtMost: 2)
    #expect(sound.dataset.count == 198 && sound.damaged.count == 2)
    #expect([0, 2, 3, 148, 149, 197].map(sound.number) == [0, 2, 4, 149, 151, 199])
    for index in 0..<sound.dataset.count { _ = try sound.dataset.image(at: index) }
  }

  @Test func noMoreThanTheLimitAndNeverAll() throws {
    func message(_ broken: Set<Int>, _ limit: Int) throws -> String {
      "\(try #require(throws: DatasetError.self) { try UndamagedImages(of: CountingDataset(count: 3, broken: broken), skippingAtMost: limit) })"
    }
    #expect(try message([0, 2], 1).contains("than the 1 that may be skipped"))
    #expect(try message([0, 1, 2], 9).contains("no train image can be read"))
  }

  @Test func nothingIsLeftOutWhereAllIsSound() throws {
    let sound = try UndamagedImages(of: CountingDataset(count: 5), skippingAtMost: 0)
    #expect(sound.dataset.count == 5 && sound.damaged.isEmpty && sound.number(of: 4) == 4)
    #expect(UndamagedImages(all: CountingDataset(count: 5, broken: [1])).dataset.count == 5)
  }
}

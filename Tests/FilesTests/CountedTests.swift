import Testing

@testable import Files

@Suite struct CountedTests {
  @Test func oneAndSeveral() {
    #expect([0, 1, 2].map { counted($0, "image") } == ["0 images", "1 image", "2 images"])
    #expect([1, 2].map { counted($0, "class", plural: "classes") } == ["1 class", "2 classes"])
  }
}

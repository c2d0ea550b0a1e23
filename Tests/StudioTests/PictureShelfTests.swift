import Imaging
import Testing

@testable import Studio

@Suite struct PictureShelfTests {
  private func input(_ value: UInt8, label: Int? = nil) -> PictureInput {
    let picture = PixelImage(width: 4, height: 4, channels: 1, pixels: [UInt8](repeating: value, count: 16))
    return PictureInput(picture: picture, width: 9, height: 8, isFitted: true, label: label)
  }

  @Test func aPictureHasOneName() throws {
    let shelf = PictureShelf()
    let name = shelf.keep(input(1), of: "a")
    #expect(name.count == 32 && name.allSatisfy(\.isHexDigit))
    #expect(shelf.keep(input(1), of: "a") == name)
    let others = [
      shelf.keep(input(2), of: "a"), shelf.keep(input(1), of: "b"), shelf.keep(input(1, label: 3), of: "a"),
    ]
    #expect(Set(others + [name]).count == 4)
    let found = try #require(shelf.input(name, of: "a"))
    #expect(found.picture == input(1).picture && found.width == 9 && found.isFitted)
    #expect(shelf.input(name, of: "b") == nil && shelf.input("", of: "a") == nil)
  }

  @Test func thoseAskedForLongestAgoMakeRoom() {
    let shelf = PictureShelf(limit: 3 * 16)
    let names = (1...3).map { shelf.keep(input($0), of: "a") }
    #expect(shelf.input(names[0], of: "a") != nil)
    let last = shelf.keep(input(4), of: "a")
    #expect(shelf.input(names[1], of: "a") == nil)
    for name in [names[0], names[2], last] { #expect(shelf.input(name, of: "a") != nil) }
    let small = PictureShelf(limit: 1)
    let only = small.keep(input(1), of: "a")
    #expect(small.input(only, of: "a") != nil)
  }
}

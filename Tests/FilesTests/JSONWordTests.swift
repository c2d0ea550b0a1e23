import Foundation
import Testing

@testable import Files

@Suite struct JSONWordTests {
  enum Fruit: String, JSONWord { case apple, pear = "a pear" }
  enum Only: String, JSONWord { case one }
  struct Basket: Codable, Equatable {
    var fruit: Fruit?
    var only: [Only]?
  }

  private func decode(_ text: String) throws -> Basket { try JSONFile.decode(Basket.self, from: Data(text.utf8)) }

  @Test func wordsThatThereAre() throws {
    let basket = Basket(fruit: .pear, only: [.one])
    #expect(try decode(#"{"fruit": "a pear", "only": ["one"]}"#) == basket)
    #expect(try JSONDecoder().decode(Basket.self, from: JSONEncoder().encode(basket)) == basket)
  }

  @Test(arguments: [
    (#"{"fruit": "plum"}"#, #"field fruit is wrong: it is "plum", expected one of "apple", "a pear""#),
    (#"{"only": ["one", "two"]}"#, #"field only[1] is wrong: it is "two", expected "one""#),
    (#"{"fruit": 3}"#, "field fruit has the wrong type"),
  ]) func otherWords(text: String, sentence: String) throws {
    let problem = try #require(throws: JSONProblem.self) { try decode(text) }
    #expect(problem.description.hasPrefix(sentence), "\(problem)")
  }
}

import Foundation
import Testing

@testable import Studio

@Suite struct RequestParsingTests {
  @Test func numbersAndBooleansAreToldApart() throws {
    var fields = try RequestFields(Data(#"{"a": 1, "b": true, "c": 1.0, "d": 1.5, "e": 9007199254740993}"#.utf8))
    #expect(try fields.integer("a", in: 0...2) == 1)
    #expect(throws: Problem.self) { try fields.integer("b", in: 0...2) }
    #expect(try fields.integer("c", in: 0...2) == 1)
    #expect(throws: Problem.self) { try fields.integer("d", in: 0...2) }
    #expect(throws: Problem.self) { try fields.integer("e", in: 0...(.max)) }
    #expect(try fields.integer("f", in: 0...2) == nil)
    try fields.finish()
  }

  @Test func whatIsLeftOverIsRefused() throws {
    var fields = try RequestFields(Data(#"{"outer": {"a": 1, "b": 2}}"#.utf8))
    var outer = try #require(try fields.object("outer"))
    _ = try outer.integer("a", in: 0...2)
    do {
      try outer.finish()
      Issue.record("b was taken")
    } catch let problem as Problem { #expect(problem.field == "outer.b" && problem.status == .badRequest) }
  }

  @Test func numbersByName() throws {
    func numbers(_ text: String) throws -> [String: Double]? {
      var fields = try RequestFields(Data("{\"edits\": \(text)}".utf8))
      return try fields.numbers("edits", by: ["a", "é"], of: "attribute", in: -1...1)
    }
    #expect(try numbers("{\"a\": 1, \"e\u{301}\": -0.5}") == ["a": 1, "é": -0.5])
    #expect(try numbers("{}") == [:])
    for (text, field, words) in [
      ("{\"a\": 2}", "edits.a", "from -1.0 to 1.0"), ("{\"b\": 1, \"c\": 1}", "edits.b", "edits.b is no attribute"),
      ("[]", "edits", "an object of numbers"), ("{\"a\": null}", "edits.a", "null"),
    ] {
      let problem = #expect(throws: Problem.self, "\(text)") { try numbers(text) }
      #expect(problem?.field == field && problem?.detail.contains(words) == true, "\(text)")
    }
  }

  @Test func theElementThatIsWrongIsNamed() throws {
    var fields = try RequestFields(Data(#"{"temperature": [1, "x"], "levels": [1, 2, 7]}"#.utf8))
    let temperature = #expect(throws: Problem.self) { try fields.numbers("temperature", in: 0...2, count: 2) }
    #expect(temperature?.field == "temperature[1]")
    #expect(temperature?.detail == "temperature[1] is \"x\", expected a number from 0.0 to 2.0")
    let levels = #expect(throws: Problem.self) { try fields.integers("levels", in: 1...3, count: 1...3) }
    #expect(levels?.field == "levels[2]" && levels?.detail.contains("levels[2] is 7") == true)
  }
}

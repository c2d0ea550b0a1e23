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
}

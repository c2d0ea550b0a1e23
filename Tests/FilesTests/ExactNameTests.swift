import Files
import Testing

@Suite struct ExactNameTests {
  @Test func namesOfOtherBytesAreOthers() {
    let (composed, apart) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == apart && ExactName(composed) != ExactName(apart))
    #expect(Set([composed, apart, composed].map(ExactName.init)).count == 2)
    #expect(ExactName(apart) < ExactName(composed) && !(ExactName(composed) < ExactName(apart)))
    #expect(ExactName("a/b".dropFirst(2)) == ExactName("b"))
  }
}

import Testing

@testable import GlowCLI

@Suite struct ProgressTests {
  @Test(arguments: [(0, 10, 0.0), (5, 10, 0.5), (10, 10, 1), (16, 10, 1), (0, 0, 1), (3, 0, 1), (-1, 10, 0)])
  func neverMoreThanAll(done: Int, total: Int, part: Double) { #expect(partDone(done, of: total) == part) }

}

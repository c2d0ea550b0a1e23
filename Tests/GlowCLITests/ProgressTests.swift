import Testing

@testable import GlowCLI

@Suite struct ProgressTests {
  @Test(arguments: [(0, 10, 0.0), (5, 10, 0.5), (10, 10, 1), (16, 10, 1), (0, 0, 1), (3, 0, 1), (-1, 10, 0)])
  func neverMoreThanAll(done: Int, total: Int, part: Double) { #expect(partDone(done, of: total) == part) }

  /// However wide the terminal is, the line fits: the bar gives way first, then the end of the words.
  @Test(arguments: [200, 80, 60, 40, 20, 3])
  func fitsTheTerminal(columns: Int) {
    let details = "3.254 bits/dim  812 images/s  4m05s left"
    let line = ProgressBar.line(0.5, "30000/60000", details, columns: columns, inUTF8: true)
    #expect(line.count <= columns && line.hasPrefix(" 50%".prefix(columns)))
    #expect(line.contains("█") == (columns >= 80))
    #expect(line.contains(details) == (columns >= 60))
  }

  @Test func isASCIIWhereTheLocaleIs() {
    let line = ProgressBar.line(0.5, "1/2", "images", columns: 60, inUTF8: false)
    #expect(line.allSatisfy(\.isASCII) && line.contains("##############.............."))
    #expect(Terminal.isUTF8(["LANG": "de_DE.UTF-8"]) && Terminal.isUTF8(["LC_CTYPE": "C.utf8", "LANG": "C"]))
    #expect(!Terminal.isUTF8([:]) && !Terminal.isUTF8(["LC_ALL": "C", "LANG": "en_US.UTF-8"]))
    #expect(Terminal.isUTF8(["LC_ALL": "", "LANG": "en_US.UTF-8"]))
  }
}

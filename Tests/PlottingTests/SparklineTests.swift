import Foundation
import Testing

@testable import Plotting

@Suite struct SparklineTests {
  @Test func heights() {
    #expect(Sparkline.text([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
    #expect(Sparkline.text([1, 10, 100], scale: .logarithmic) == "▁▅█")
    #expect(Sparkline.text([5, 5, 5]) == "▁▁▁")
    #expect(Sparkline.text([]).isEmpty)
    #expect(Sparkline.text([-.greatestFiniteMagnitude, .greatestFiniteMagnitude]) == "▁█")
  }

  @Test func gaps() {
    #expect(Sparkline.text([0, .nan, 7, .infinity]) == "▁ █ ")
    #expect(Sparkline.text([-1, 1, 0, 10], scale: .logarithmic) == " ▁ █")
    #expect(Sparkline.text([.nan, .nan]) == "  ")
  }

  /// Neighbors are averaged, all are counted.
  @Test func width() {
    #expect(Sparkline.text([0, 0, 7, 7], width: 2) == "▁█")
    #expect(Sparkline.text([0, 4, 4, 0, .nan, 7], width: 3) == "▁▁█")
    #expect(Sparkline.text((0..<1000).map(Double.init), width: 8) == "▁▂▃▄▅▆▇█")
    #expect(Sparkline.text((0..<61).map(Double.init)).count == 60)
  }
}

import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import Plotting

@Suite struct ChartTests {
  private func chart(_ points: [Chart.Point], y: Chart.Scale = .linear) -> Chart {
    Chart("a < b & c", x: .init("images"), y: .init("bits/dim", y), [.init("train", points)])
  }

  /// The points of every polyline.
  private func places(_ svg: String) -> [[[Double]]] {
    svg.matches(of: /points="([^"]*)"/).map { match in
      match.1.split(separator: " ").map { $0.split(separator: ",").map { Double($0)! } }
    }
  }

  @Test func isWellFormed() throws {
    for points in [[], [.init(1, 2)], [.init(0, 0), .init(1, 1)], [.init(.nan, 1)]] as [[Chart.Point]] {
      let svg = chart(points).svg()
      let root = try #require(try XMLDocument(xmlString: svg).rootElement())
      #expect(root.name == "svg")
      #expect(root.elements(forName: "title").first?.stringValue == "a < b & c")
      #expect(!svg.contains("nan"))
      #expect(svg.contains("nothing to show") == (points.isEmpty || points[0].x.isNaN))
    }
  }

  /// Larger values are further right and further up, all inside the frame.
  @Test(arguments: [Chart.Scale.linear, .logarithmic]) func order(scale: Chart.Scale) throws {
    let svg = chart([.init(0, 0.01), .init(10, 1), .init(20, 300)], y: scale).svg()
    let line = try #require(places(svg).first)
    #expect(line.count == 3)
    for (a, b) in zip(line, line.dropFirst()) { #expect(a[0] < b[0] && a[1] > b[1]) }
    #expect(line.allSatisfy { (62...624).contains($0[0]) && (36...314).contains($0[1]) })
  }

  @Test func gaps() throws {
    let points: [Chart.Point] = [.init(0, 1), .init(1, 2), .init(2, .nan), .init(3, 1), .init(4, -1), .init(5, 3)]
    #expect(places(chart(points).svg()).map(\.count) == [2, 3])
    // On a logarithmic axis -1 is a gap as well, which leaves two single points.
    let svg = chart(points, y: .logarithmic).svg()
    #expect(places(svg).map(\.count) == [2])
    #expect(svg.components(separatedBy: "<circle").count == 3)
  }

  @Test func ticks() {
    func labels(_ values: [Double], _ scale: Chart.Scale = .linear) -> [String] {
      AxisRange(values, scale)!.ticks.map(\.label)
    }
    #expect(labels([0, 100_000]) == ["0", "20k", "40k", "60k", "80k", "100k"])
    #expect(labels([3.1, 3.4]) == ["3.1", "3.2", "3.3", "3.4"])
    #expect(labels([-1, 1]) == ["-1", "-0.5", "0", "0.5", "1"])
    #expect(labels([1e-7, 1e-3], .logarithmic) == ["1e-7", "1e-6", "1e-5", "1e-4", "0.001"])
    #expect(labels([1, 30], .logarithmic) == ["1", "2", "5", "10", "20"])
    #expect(labels([2, 2]).contains("2"))
    #expect(AxisRange([.nan, .infinity], .linear) == nil)
    #expect(AxisRange([0, -1], .logarithmic) == nil)
  }

  /// Curves of a group share color and legend.
  @Test func groups() throws {
    let points: [Chart.Point] = [.init(0, 1), .init(1, 2)]
    let svg = Chart(
      "t", x: .init("x"), y: .init("y"),
      [.init("a1", points, group: "a"), .init("a2", points, group: "a"), .init("b", points, dashed: true)]
    ).svg()
    #expect(svg.components(separatedBy: ">a</text>").count == 2)
    #expect(!svg.contains(">a1<"))
    #expect(svg.components(separatedBy: "stroke-dasharray").count == 3)
    let lines = svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }
    #expect(lines[0] == lines[1] && lines[0] != lines[2])
  }
}

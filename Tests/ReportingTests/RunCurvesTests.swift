import Foundation
import Plotting
import Reporting
import Runs
import Testing

@testable import Training

@Suite struct RunCurvesTests {
  private func run(_ name: String, validated: Bool = true) -> RunCurves.Run {
    .init(
      name,
      (1...4).map { number in
        var line = Metrics(
          images: number * 100, step: number, seconds: Double(number) * 7, trainBitsPerDimension: 5 - Double(number),
          gradientNorm: 0.1, learningRate: 1e-3, imagesPerSecond: 10)
        if validated && number % 2 == 0 { line.validationBitsPerDimension = 2.5 }
        return line
      })
  }

  @Test func oneRun() throws {
    let chart = try RunCurves.chart([run("a")], against: .images)
    #expect(chart.title == "Bits per dimension" && chart.y.label == "bits/dim" && chart.x.label == "images seen")
    #expect(chart.curves.map(\.name) == ["train", "validation"] && chart.curves.map(\.isDashed) == [false, true])
    #expect(chart.curves[0].points.map(\.x) == [100, 200, 300, 400])
    #expect(chart.curves[1].points == [.init(200, 2.5), .init(400, 2.5)])
  }

  @Test func severalRuns() throws {
    let runs = [run("a"), run("b", validated: false)]
    let both = try RunCurves.chart(runs, against: .seconds)
    #expect(both.title == "Bits per dimension (train: solid, validation: dashed)")
    #expect(both.curves.map(\.group) == ["a", "a", "b", "b"])
    #expect(both.curves[0].points.map(\.x) == [7, 14, 21, 28] && both.curves[3].points.isEmpty)
    let one = try RunCurves.chart(runs, of: ["gradientNorm"], against: .steps)
    #expect(one.title == "Gradient norm" && one.curves.map(\.name) == ["a", "b"])
    guard case .logarithmic = one.y.scale else {
      Issue.record("a gradient norm is drawn on a logarithmic axis")
      return
    }
    let three = try RunCurves.chart(runs, of: ["step", "seconds", "imagesPerSecond"], against: .images)
    #expect(three.curves.count == 6 && three.curves[2].name == "a: images per second")
  }

  @Test func refusals() throws {
    func message(_ runs: [RunCurves.Run], _ metrics: String...) throws -> String {
      "\(try #require(throws: ReportError.self) { try RunCurves.chart(runs, of: metrics, against: .images) })"
    }
    #expect(try message([run("a")], "loss").hasPrefix("there is no metric \"loss\", expected one of images, step,"))
    #expect(
      try message([run("a", validated: false)], "validationBitsPerDimension")
        == "a: validationBitsPerDimension has not been measured yet")
    #expect(try message([.init("a", [])], "step") == "there are no metrics yet")
  }
}

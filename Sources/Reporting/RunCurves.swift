import Foundation
import Plotting
import Runs

/// Curves of the metrics of one run or several, in one chart.
public struct RunCurves {
  public enum Axis: String, CaseIterable, Sendable {
    case images, seconds, steps

    fileprivate var label: String {
      switch self {
      case .images: "images seen"
      case .seconds: "seconds of training"
      case .steps: "steps"
      }
    }

    fileprivate func place(_ line: Metrics) -> Double {
      switch self {
      case .images: Double(line.images)
      case .seconds: line.seconds
      case .steps: Double(line.step)
      }
    }
  }

  public struct Run {
    public var name: String
    public var metrics: [Metrics]

    public init(_ name: String, _ metrics: [Metrics]) {
      self.name = name
      self.metrics = metrics
    }
  }

  /// What is drawn when nothing else is asked for.
  public static let usualMetrics = ["trainBitsPerDimension", "validationBitsPerDimension"]

  /// - Parameter metrics: names of fields of ``Metrics``.
  /// - Throws: ``ReportError`` if there is no such field, or none of the runs has measured it.
  public static func chart(_ runs: [Run], of metrics: [String] = usualMetrics, against axis: Axis) throws -> Chart {
    guard let line = runs.lazy.compactMap(\.metrics.first).first else { throw ReportError("there are no metrics yet") }
    let known = line.numbers.map(\.name)
    for name in metrics {
      guard known.contains(name) else {
        throw ReportError("there is no metric \"\(name)\", expected one of \(known.joined(separator: ", "))")
      }
      guard metrics == usualMetrics || runs.contains(where: { !points($0, of: name, axis).isEmpty }) else {
        throw ReportError("\(runs.map(\.name).joined(separator: ", ")): \(name) has not been measured yet")
      }
    }
    let curves = runs.flatMap { run in
      metrics.enumerated().map { number, metric in
        Chart.Curve(
          name(of: run, metric, among: runs, metrics), points(run, of: metric, axis), dashed: number == 1,
          group: pairs(runs, metrics) ? run.name : nil)
      }
    }
    let titles = metrics.map(words)
    var title = metrics == usualMetrics ? "bits per dimension" : titles.joined(separator: ", ")
    if pairs(runs, metrics) { title += " (\(titles[0]): solid, \(titles[1]): dashed)" }
    let labels = Set(metrics.map(unit))
    return Chart(
      title.prefix(1).uppercased() + title.dropFirst(), x: .init(axis.label),
      y: .init(labels.count == 1 ? labels.first! : "", metrics.allSatisfy(isLogarithmic) ? .logarithmic : .linear),
      curves)
  }

  /// Whether the runs are told apart by color, and two metrics by dashes.
  private static func pairs(_ runs: [Run], _ metrics: [String]) -> Bool { runs.count > 1 && metrics.count == 2 }

  private static func name(of run: Run, _ metric: String, among runs: [Run], _ metrics: [String]) -> String {
    if runs.count == 1 { return words(metric) }
    return metrics.count == 1 ? run.name : "\(run.name): \(words(metric))"
  }

  private static func points(_ run: Run, of metric: String, _ axis: Axis) -> [Chart.Point] {
    run.metrics.compactMap { line in
      line.numbers.first { $0.name == metric }?.value.map { .init(axis.place(line), $0) }
    }
  }

  /// `validationBitsPerDimension` as `validation`, `gradientNorm` as `gradient norm`.
  private static func words(_ metric: String) -> String {
    let suffix = "BitsPerDimension"
    let name = metric.hasSuffix(suffix) && metric != suffix ? String(metric.dropLast(suffix.count)) : metric
    return name.reduce(into: "") { $0 += $1.isUppercase ? " " + $1.lowercased() : String($1) }
  }

  private static func unit(_ metric: String) -> String {
    metric.hasSuffix("BitsPerDimension") ? "bits/dim" : metric == "imagesPerSecond" ? "images/s" : words(metric)
  }

  /// Whether the metric spreads over orders of magnitude.
  private static func isLogarithmic(_ metric: String) -> Bool {
    ["gradientNorm", "roundTripError", "worstConditionNumber"].contains(metric)
  }
}

import ArgumentParser
import Foundation
import Plotting
import Reporting
import Runs

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say where a run is, also one that is being trained now.",
    discussion: """
      Only what the run has written so far is read: training goes on undisturbed.

      Example:
        glow status runs/first
      """)

  @Argument(help: ArgumentHelp("A run folder.", valueName: "run"), completion: Completions.run) var folder: String
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let summary = try RunSummary(of: RunFolder(URL(filePath: folder)))
    guard !summary.metrics.isEmpty || !summary.checkpoints.isEmpty else {
      throw ReportError(
        "\(folder) has no metrics yet: "
          + (summary.state == .training
            ? "it is being trained, and writes the first after 100 steps or a validation"
            : "its training ended before the first"))
    }
    if json { return printJSON(try prettyJSON(summary)) }
    print("\(folder): \(state(summary))")
    print(lines(facts(summary)))
    let curves = curves(summary)
    if !curves.isEmpty { print("\n" + lines(curves)) }
  }

  private func state(_ summary: RunSummary) -> String {
    switch summary.state {
    case .training: "being trained now"
    case .finished: "finished"
    case .stopped:
      summary.checkpoints.isEmpty
        ? "stopped before its first checkpoint" : "stopped; go on with: glow resume \(folder)"
    }
  }

  private func facts(_ summary: RunSummary) -> [(String, String)] {
    var rows = [("model", summary.model ?? "(no checkpoint yet)")]
    if let data = summary.data { rows.append(("data", data)) }
    rows.append(("images", images(summary)))
    rows.append(("time", time(summary)))
    if let train = summary.trainBitsPerDimension {
      let validation = summary.validationBitsPerDimension.map { String(format: ", validation %.4f", $0) } ?? ""
      rows.append(("bits/dim", String(format: "train %.4f", train) + validation))
    }
    if let best = summary.best { rows.append(("best validation", text(best))) }
    if let best = summary.bestCheckpoint, best.images != summary.best?.images {
      rows.append(("best checkpoint", text(best)))
    }
    if let norm = summary.gradientNorm { rows.append(("gradient norm", String(format: "%.3g", norm))) }
    if let rate = summary.learningRate { rows.append(("learning rate", String(format: "%.3g", rate))) }
    if let error = summary.roundTripError {
      let condition = summary.worstConditionNumber.map { String(format: ", worst condition number %.2f", $0) } ?? ""
      rows.append(("invertibility", String(format: "round-trip error %.1e", error) + condition))
    }
    let sizes = summary.checkpoints.map { "\($0.name) (\(ByteCount(bytes: $0.bytes)))" }
    rows.append(("checkpoints", sizes.isEmpty ? "none yet" : sizes.joined(separator: ", ")))
    if let date = summary.lastWritten {
      rows.append(("last written", "\(duration(max(0, -date.timeIntervalSinceNow))) ago"))
    }
    return rows
  }

  private func images(_ summary: RunSummary) -> String {
    guard let total = summary.totalImages else { return "\(summary.images)" }
    return "\(summary.images) of \(total) (\(Int(100 * partDone(summary.images, of: total)))%)"
  }

  private func time(_ summary: RunSummary) -> String {
    var text = "\(duration(summary.seconds)) trained"
    if let rate = summary.imagesPerSecond { text += String(format: ", %.0f images/s", rate) }
    if let left = summary.secondsLeft, summary.state != .finished { text += ", \(duration(left)) left" }
    return text
  }

  private func text(_ best: RunSummary.Best) -> String {
    String(format: "%.4f after %d images", best.bitsPerDimension, best.images)
      + (best.checkpoint.map { ": checkpoints/\($0)" } ?? "")
  }

  /// Each with its lowest and its highest value.
  private func curves(_ summary: RunSummary) -> [(String, String)] {
    let curves: [(String, Chart.Scale, String, (Metrics) -> Double?)] = [
      ("train bits/dim", .linear, "%.3f", { $0.trainBitsPerDimension }),
      ("validation bits/dim", .linear, "%.3f", { $0.validationBitsPerDimension }),
      ("gradient norm", .logarithmic, "%.3g", { $0.gradientNorm }),
    ]
    return curves.compactMap { name, scale, format, value in
      let values = summary.metrics.compactMap(value)
      let finite = values.filter(\.isFinite)
      guard let low = finite.min(), let high = finite.max() else { return nil }
      return (
        name,
        Sparkline.text(values, scale: scale, inUTF8: Terminal.isUTF8)
          + String(format: "  \(format) to \(format)", low, high)
      )
    }
  }

  private func lines(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { "  " + $0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $1 }
      .joined(separator: "\n")
  }
}

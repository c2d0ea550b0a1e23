import ArgumentParser
import Foundation
import Reporting
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs under a folder: what they train, how far they are, how good.",
    discussion: """
      Folders are searched four deep. glow status tells more of one run, glow plot draws their curves.

      Examples:
        glow runs
        glow runs elsewhere --json
      """)

  @Argument(help: ArgumentHelp("The folder.", valueName: "folder"), completion: .directory) var folder = "runs"
  @Flag(help: "Print a JSON array.") var json = false

  func run() throws {
    let summaries = try RunSummary.runs(in: URL(filePath: folder)).compactMap { run -> RunSummary? in
      do { return try RunSummary(of: run) } catch {
        // The others are listed all the same.
        warn("\(error)")
        return nil
      }
    }
    for place in RunSummary.unreadNames(in: URL(filePath: folder)) {
      warn("\(place.relativePath) is not looked into: its name is not UTF-8; rename it to see its runs")
    }
    if json { return printJSON(try prettyJSON(summaries)) }
    guard !summaries.isEmpty else { return print("There are no runs under \(folder).") }
    let header = ["run", "state", "model", "data", "images", "validation", "best", "last written"]
    tableLines([header] + summaries.map(row), words: [0, 1, 2, 3, 7]).forEach { print($0) }
  }

  private func row(_ summary: RunSummary) -> [String] {
    func bits(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }
    return [
      name(summary), summary.state.rawValue, summary.model ?? "-", summary.data ?? "-",
      "\(summary.images)" + (summary.totalImages.map { "/\($0)" } ?? ""), bits(summary.validationBitsPerDimension),
      bits(summary.best?.bitsPerDimension), summary.lastWritten.map(Self.clock.string) ?? "-",
    ]
  }

  /// Below the folder.
  private func name(_ summary: RunSummary) -> String {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return summary.run.hasPrefix(prefix) ? String(summary.run.dropFirst(prefix.count)) : summary.run
  }

  private static var clock: DateFormatter {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    return formatter
  }
}

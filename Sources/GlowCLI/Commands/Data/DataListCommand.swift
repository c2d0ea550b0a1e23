import ArgumentParser
import Datasets

struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Known data sets: what they are, where they come from, on what terms, which files are expected.",
    discussion: """
      Nothing is fetched. Sizes and checksums stand where the publisher or the format fixes them.

      Example:
        glow data list
      """)

  func run() {
    print(DatasetKinds.entries.map(text).joined(separator: "\n\n"))
  }

  private func text(_ entry: DatasetEntry) -> String {
    var lines = [
      "\(entry.spelling)", "  \(entry.title)", "  images:  \(entry.images)", "  origin:  \(entry.origin)",
      "  terms:   \(entry.terms)",
    ]
    lines += zip(["  files:   "] + Array(repeating: "           ", count: entry.files.count), entry.files).map(+)
    lines += zip(["  options: "] + Array(repeating: "           ", count: entry.options.count), entry.options).map(+)
    return lines.joined(separator: "\n")
  }
}

import ArgumentParser
import Files
import Foundation
import Imaging
import Plotting
import Reporting
import Runs

extension RunCurves.Axis: ExpressibleByArgument {}

struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", abstract: "Draw curves of runs, also of those being trained now, into one picture.",
    discussion: """
      Without --metric, bits per dimension of training and of validation. A PNG is made by the program rsvg-convert \
      (Debian's package librsvg2-bin).

      Examples:
        glow plot runs/first runs/second --out curves.svg
        glow plot runs/first --metric gradientNorm --x seconds --out norm.png
      """)

  @Argument(help: ArgumentHelp("Run folders.", valueName: "run"), completion: Completions.run) var folders: [String]
  @Option(name: .shortAndLong, help: "The picture to write; its name ends in .svg or .png.", completion: .file())
  var out: String
  @Option(
    help: ArgumentHelp(
      "A field of metrics.jsonl, such as gradientNorm; repeat for several. By default bits per dimension.",
      valueName: "field"))
  var metric: [String] = []
  @Option(help: "What to draw against: images, seconds (of training) or steps.") var x = RunCurves.Axis.images

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var talk: QuietOption

  private enum Format: String { case svg, png }

  private var format: Format? { Format(rawValue: URL(filePath: out).pathExtension.lowercased()) }

  func validate() throws {
    guard format != nil else { throw ValidationError("--out is \(out), expected a name that ends in .svg or .png") }
    try OutputFile.chart.require(out, force: overwriting.force)
    if let twice = metric.first(where: { name in metric.count { $0 == name } > 1 }) {
      throw ValidationError("--metric \(twice) is given twice")
    }
  }

  func run() throws {
    let runs = try folders.map { path in
      let summary = try RunSummary(of: RunFolder(URL(filePath: path)))
      guard !summary.metrics.isEmpty else { throw ReportError("\(path) has no metrics yet") }
      return RunCurves.Run(name(path), summary.metrics)
    }
    let svg = try RunCurves.chart(runs, of: metric.isEmpty ? RunCurves.usualMetrics : metric, against: x).svg()
    let picture = format == .png ? Data(PictureMark.marked(png: Array(try SVGRenderer.png(svg)))) : Data(svg.utf8)
    let output = try LineOutput(to: out)
    try output.write(picture)
    try output.finish()
    tell("\(counted(runs.count, "run")): \(out)")
  }

  /// The folder's own name, or the path where two have one name.
  private func name(_ path: String) -> String {
    func own(_ path: String) -> String { URL(filePath: path).standardizedFileURL.lastPathComponent }
    return folders.count { own($0) == own(path) } > 1 ? path : own(path)
  }
}

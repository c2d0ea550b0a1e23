import Reporting
import Foundation
import Plotting

/// The report on what this implementation reaches, at the size that a study had.
struct StudyReport {
  /// One line of a run's metrics, as far as the report needs it.
  struct Line: Sendable {
    var images: Double
    /// Spent on training steps up to here, without validations.
    var seconds: Double
    var validation: Double?
    var roundTripError: Double?
    var conditionNumber: Double?

    init(
      images: Double, seconds: Double, validation: Double?, roundTripError: Double?, conditionNumber: Double?
    ) {
      self.images = images
      self.seconds = seconds
      self.validation = validation
      self.roundTripError = roundTripError
      self.conditionNumber = conditionNumber
    }
  }

  let study: Study
  /// By the name of the run.
  let lines: [String: [Line]]
  let pictures: [String: [UInt8]]
  private let benchmarks: [Document.Figure]

  /// - Parameters:
  ///   - lines: the metrics of a run.
  ///   - file: a file's bytes.
  ///   - benchmarks: plots of memory and speed that the benchmark made.
  init(
    of study: Study, lines: (Study.Run) throws -> [Line], file: (String) throws -> [UInt8],
    benchmarks: [Document.Figure]
  ) rethrows {
    self.study = study
    self.lines = try Dictionary(study.runs.map { ($0.name, try lines($0)) }) { first, _ in first }
    pictures = try Dictionary(study.pictures.map { ($0.name, try file($0.file)) }) { first, _ in first }
    self.benchmarks = benchmarks
  }

  var document: Document {
    if let faces = study.faces { return document(of: faces) }
    return Document(
      "What Glow reaches here",
      [.paragraph(introduction)] + likelihood + samples + interpolations + edits + ablation + maskedSteps
        + invertibility + memory)
  }

  private var introduction: String {
    """
    \(made("make report")) The models are small and trained for minutes, where the published ones took days on many \
    GPUs: figures compare with each other, not with those of the papers. Faces have [a page of their own](../faces/README.md).
    """
  }

  func made(_ command: String) -> String {
    """
    Made by `\(command)\(study.quick ? " QUICK=1" : "")` on \(study.date) on \(study.machine), in \
    \(String(format: "%.1f", study.hours)) hours: \(study.runs.count) training runs.
    """
  }

  // MARK: Invertibility

  private var invertibility: [Document.Block] {
    let runs = study.runs(in: "likelihood").filter { $0.architecture != "realnvp" }
    func chart(_ name: String, _ what: String, _ label: String, _ value: (Line) -> Double?) -> Document.Block {
      let curves = runs.map { run in
        Chart.Curve(
          run.name, (lines[run.name] ?? []).compactMap { line in value(line).map { .init(line.images, $0) } },
          group: "\(run.data), \(title(run.architecture))")
      }
      return figure(
        name, Chart(what, x: .init("images seen"), y: .init(label, .logarithmic), curves),
        "\(what), at every validation of the runs of Glow and MaskedGlow of section 1.")
    }
    let worst = runs.flatMap { lines[$0.name] ?? [] }.compactMap(\.roundTripError).max()
    return [
      .heading(2, "7. Invertibility while training"),
      .paragraph(
        """
        The largest difference between validation images (of range 1) and what comes back from their latents, in float32, and the \
        worst condition number of a 1x1 convolution. \
        \(worst.map { String(format: "The largest round-trip error of all is %.1e; a step of 8-bit images is 3.9e-3.", $0) } ?? "")
        """),
      chart("round-trip", "Largest round-trip error", "error", \.roundTripError),
      chart("condition", "Worst condition number of a 1x1 convolution", "condition number", \.conditionNumber),
    ]
  }

  // MARK: Memory and speed

  private var memory: [Document.Block] {
    guard !benchmarks.isEmpty else { return [] }
    return [
      .heading(2, "8. Memory and speed"),
      .paragraph(
        """
        From the benchmark (`make bench-memory`, `make bench-scaling`); docs/measurements/performance.md has its tables beside those of \
        PyTorch's implementations (`make bench`), the machine, and how they are measured.
        """),
    ] + benchmarks.map(Document.Block.figure)
  }

  // MARK: Helpers

  func commands(_ runs: [Study.Run]) -> Document.Block {
    .code(runs.filter { $0.seed == runs[0].seed }.map(\.command).joined(separator: "\n"))
  }

  func figure(_ name: String, _ chart: Chart, _ caption: String) -> Document.Block {
    .figure(.init(name, .svg(chart.svg()), caption: caption))
  }

  /// Images a second of training.
  func rate(_ runs: [Study.Run]) -> String {
    let seconds = runs.map(\.seconds).reduce(0, +)
    return seconds > 0 ? String(format: "%.0f", runs.map { Double($0.images) }.reduce(0, +) / seconds) : ""
  }

  /// Images a second of drawing, where it was measured for one of the runs.
  func samplingRate(_ runs: [Study.Run]) -> String {
    runs.compactMap { study.sampling(of: $0)?.imagesPerSecond }.first.map { String(format: "%.0f", $0) } ?? ""
  }

  func latency(_ run: Study.Run) -> String {
    study.sampling(of: run)?.latency.map { String(format: "%.1f ms", 1000 * $0) } ?? ""
  }

  var howSamplingIsTimed: String {
    """
    Sampling is timed on one thread, as the best of three: what `glow sample --temperature 0.7` takes longer for four more \
    blocks of 64 images, which excludes the program's start; and for 32 more blocks of one image.
    """
  }

  func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  func seeds(_ runs: [Study.Run]) -> Int { Set(runs.map(\.seed)).count }

  func title(_ architecture: String) -> String {
    switch architecture {
    case "glow": "Glow"
    case "masked-glow": "MaskedGlow"
    case "realnvp": "RealNVP"
    default: architecture
    }
  }
}

/// Each once, in the order of its first appearance.
func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
  var seen: Set<Element> = []
  return elements.filter { seen.insert($0).inserted }
}

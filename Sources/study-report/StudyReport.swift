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

  private let study: Study
  /// By the name of the run.
  private let lines: [String: [Line]]
  private let pictures: [String: [UInt8]]
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
    Document(
      "What Glow reaches here",
      [.paragraph(introduction)] + likelihood + samples + interpolations + edits + ablation + invertibility + memory)
  }

  private var introduction: String {
    let command = study.quick ? "make report QUICK=1" : "make report"
    return """
      Made by `\(command)` on \(study.date) on \(study.machine), in \(String(format: "%.1f", study.hours)) hours: \
      \(study.runs.count) training runs. The models are small and trained for minutes, where the published ones took days on many \
      GPUs: figures compare with each other, not with those of the papers.
      """
  }

  // MARK: Likelihood

  private var likelihood: [Document.Block] {
    let runs = study.runs(in: "likelihood")
    let sets = unique(runs.map(\.data))
    let rows = sets.flatMap { data in
      unique(runs.map(\.architecture)).map { architecture in
        let these = runs.filter { $0.data == data && $0.architecture == architecture }
        return [
          "\(data), \(title(architecture))", these.first?.parameters.map(String.init) ?? "", "\(these.count)",
          String(format: "%.0f s", Spread(values: these.map(\.seconds)).mean), "\(these.first?.images ?? 0)",
          Spread(values: these.map(\.evaluation.bitsPerDimension)).text,
          String(format: "%.3f", these.first?.histogramBaseline ?? .nan),
        ]
      }
    }
    let ahead = sets.filter { data in
      mean(runs, data, "glow") < mean(runs, data, "realnvp")
    }
    let verdict =
      ahead.count == sets.count
      ? "Glow is ahead of RealNVP on every set, as published."
      : "The published order, Glow ahead of RealNVP, comes out on \(ahead.count) of \(sets.count) sets"
        + (ahead.isEmpty ? "." : ": \(ahead.joined(separator: ", ")).")
    let charts = sets.map { data in
      let curves = runs.filter { $0.data == data }.map { run in
        Chart.Curve(
          run.name, (lines[run.name] ?? []).compactMap { line in line.validation.map { .init(line.seconds, $0) } },
          dashed: run.architecture != "glow", group: title(run.architecture))
      }
      return figure(
        "likelihood-\(data)",
        Chart("\(data): validation bits/dim", x: .init("seconds of training"), y: .init("bits/dim"), curves),
        "\(data): bits per dimension of validation images while training, \(seeds(runs)) seeds each.")
    }
    return [
      .heading(2, "1. Likelihood"),
      .paragraph(
        """
        Bits per dimension of test images, lower is better: Glow and RealNVP with as many parameters, each trained for as \
        long, beside a histogram of each pixel's values in the training images. Mean and standard deviation over seeds. \(verdict)
        """),
      .table(["", "parameters", "seeds", "training", "images seen", "test bits/dim", "histogram"], rows),
    ] + charts + [
      .paragraph("The published figures (Kingma & Dhariwal 2018, table 2), of models a hundred times the size:"),
      .table(["", "RealNVP", "Glow"], Self.published.map { [$0, $1, $2] }),
      commands(runs),
    ]
  }

  private static let published = [
    ("CIFAR-10", "3.49", "3.35"), ("ImageNet 32x32", "4.28", "4.09"), ("ImageNet 64x64", "3.98", "3.81"),
    ("LSUN bedroom", "2.72", "2.38"), ("LSUN tower", "2.81", "2.46"), ("LSUN church outdoor", "3.08", "2.67"),
  ]

  private func mean(_ runs: [Study.Run], _ data: String, _ architecture: String) -> Double {
    Spread(
      values: runs.filter { $0.data == data && $0.architecture == architecture }.map(\.evaluation.bitsPerDimension)
    ).mean
  }

  // MARK: Pictures

  private var samples: [Document.Block] {
    let painters = study.runs(in: "pictures")
    guard !painters.isEmpty else {
      return pictured("samples", "2. Samples and temperatures", "Drawn from the models of the first seed.")
    }
    let rows = painters.map { run in
      [
        run.data, run.parameters.map(String.init) ?? "", String(format: "%.0f s", run.seconds), "\(run.images)",
        String(format: "%.3f", run.evaluation.bitsPerDimension),
      ]
    }
    let text = "All pictures from here on are of larger models, trained for longer; those of RealNVP are of section 1."
    var blocks = pictured("samples", "2. Samples and temperatures", text)
    blocks.insert(.table(["", "parameters", "training", "images seen", "test bits/dim"], rows), at: 2)
    return blocks + [commands(painters)]
  }

  private var interpolations: [Document.Block] {
    pictured(
      "interpolation", "3. Between real images",
      "Test images at both ends; between them what lies on the line between their latents.")
  }

  private var edits: [Document.Block] {
    let rows = study.separability.map { found in
      [
        found.attribute, "\(found.positives)", "\(found.negatives)",
        found.auc.map { String(format: "%.3f", $0) } ?? "none held out",
      ]
    }
    let text = """
      An image's latent is moved along the mean latent of the images with an attribute minus that of those without. The table says \
      how well that direction tells held-out images apart (area under the ROC curve; 0.5 is chance): only edits along \
      directions that do can be trusted.
      """
    guard !rows.isEmpty else { return pictured("edits", "4. Semantic edits", text) }
    return pictured("edits", "4. Semantic edits", text) + [
      .table(["attribute", "with", "without", "held-out AUC"], rows), .paragraph(trust),
    ]
  }

  /// Below this area, a direction is called too weak to edit along.
  private static let weakestArea = 0.75

  /// Which of the edits the figures speak for.
  private var trust: String {
    func names(_ isMeant: (Double?) -> Bool) -> String {
      study.separability.filter { isMeant($0.auc) }.map(\.attribute).joined(separator: ", ")
    }
    let sentences = [
      ("Told apart at \(Self.weakestArea) or better: ", names { ($0 ?? 0) >= Self.weakestArea }),
      (
        "Not told apart well enough by models of this size, so that their edits show whatever else differs: ",
        names { ($0 ?? 1) < Self.weakestArea }
      ),
      ("Not measured, as no held-out image can have it: ", names { $0 == nil }),
    ]
    return sentences.filter { !$1.isEmpty }.map { $0 + $1 + "." }.joined(separator: " ")
  }

  private func pictured(_ section: String, _ title: String, _ text: String) -> [Document.Block] {
    let these = study.pictures(in: section)
    guard !these.isEmpty else { return [] }
    let figures = these.map { picture in
      Document.Block.figure(.init(picture.name, .png(pictures[picture.name] ?? []), caption: picture.caption + "."))
    }
    return [.heading(2, title), .paragraph(text)] + figures
      + [.code(these.map(\.command).joined(separator: "\n"))]
  }

  // MARK: Ablation

  private var ablation: [Document.Block] {
    let runs = study.runs(in: "ablation")
    guard !runs.isEmpty else { return [] }
    func value(_ run: Study.Run, _ label: String) -> String { run.labels[label] ?? "" }
    let couplings = unique(runs.map { value($0, "coupling") })
    let permutations = unique(runs.map { value($0, "permutation") })
    func these(_ permutation: String, _ coupling: String) -> Spread {
      Spread(
        values: runs.filter { value($0, "permutation") == permutation && value($0, "coupling") == coupling }
          .map(\.evaluation.bitsPerDimension))
    }
    let rows = permutations.map { permutation in [permutation] + couplings.map { these(permutation, $0).text } }
    let orders = couplings.map { coupling in
      let order = permutations.sorted { these($0, coupling).mean < these($1, coupling).mean }
      let asPublished = order == ["conv1x1", "shuffle", "reverse"]
      return "With \(coupling) couplings the order, best first, is \(order.joined(separator: ", "))"
        + (asPublished ? ", as published." : "; published is conv1x1, shuffle, reverse.")
    }
    let charts = couplings.map { coupling in
      let curves = runs.filter { value($0, "coupling") == coupling }.map { run in
        Chart.Curve(
          run.name, (lines[run.name] ?? []).compactMap { line in line.validation.map { .init(line.images, $0) } },
          group: value(run, "permutation"))
      }
      return figure(
        "ablation-\(coupling)",
        Chart("\(coupling) coupling: validation bits/dim", x: .init("images seen"), y: .init("bits/dim"), curves),
        "\(coupling.capitalized) coupling: three ways to mix the channels, \(seeds(runs)) seeds each.")
    }
    return [
      .heading(2, "5. Ablation: permutations and couplings"),
      .paragraph(
        "Test bits/dim on \(runs[0].data) after \(runs[0].images) images (section 6.1, figure 3 of the paper). "
          + orders.joined(separator: " ")),
      .table(["permutation"] + couplings, rows),
    ] + charts + [commands(runs)]
  }

  // MARK: Invertibility

  private var invertibility: [Document.Block] {
    let runs = study.runs(in: "likelihood").filter { $0.architecture == "glow" }
    func chart(_ name: String, _ what: String, _ label: String, _ value: (Line) -> Double?) -> Document.Block {
      let curves = runs.map { run in
        Chart.Curve(
          run.name, (lines[run.name] ?? []).compactMap { line in value(line).map { .init(line.images, $0) } },
          group: run.data)
      }
      return figure(
        name, Chart(what, x: .init("images seen"), y: .init(label, .logarithmic), curves),
        "\(what), at every validation of the Glow runs of section 1.")
    }
    let worst = runs.flatMap { lines[$0.name] ?? [] }.compactMap(\.roundTripError).max()
    return [
      .heading(2, "6. Invertibility while training"),
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
      .heading(2, "7. Memory and speed"),
      .paragraph(
        """
        From the benchmark (`make bench-memory`, `make bench-scaling`); docs/measurements/performance.md has its tables beside those of \
        PyTorch's implementations (`make bench`), the machine, and how they are measured.
        """),
    ] + benchmarks.map(Document.Block.figure)
  }

  // MARK: Helpers

  private func commands(_ runs: [Study.Run]) -> Document.Block {
    .code(runs.filter { $0.seed == runs[0].seed }.map(\.command).joined(separator: "\n"))
  }

  private func figure(_ name: String, _ chart: Chart, _ caption: String) -> Document.Block {
    .figure(.init(name, .svg(chart.svg()), caption: caption))
  }

  private func seeds(_ runs: [Study.Run]) -> Int { Set(runs.map(\.seed)).count }

  private func title(_ architecture: String) -> String {
    switch architecture {
    case "glow": "Glow"
    case "realnvp": "RealNVP"
    default: architecture
    }
  }
}

/// Each once, in the order of its first appearance.
private func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
  var seen: Set<Element> = []
  return elements.filter { seen.insert($0).inserted }
}

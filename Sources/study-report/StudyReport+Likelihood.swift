import Foundation
import Plotting
import Reporting

/// Section 1: how well the families do in equal time.
extension StudyReport {
  var likelihood: [Document.Block] {
    let runs = study.runs(in: "likelihood")
    let sets = unique(runs.map(\.data))
    let rows = sets.flatMap { data in
      unique(runs.map(\.architecture)).map { architecture in
        let these = runs.filter { $0.data == data && $0.architecture == architecture }
        return [
          "\(data), \(title(architecture))", these.first?.parameters.map(String.init) ?? "", "\(these.count)",
          String(format: "%.0f s", Spread(values: these.map(\.seconds)).mean), "\(these.first?.images ?? 0)",
          rate(these),
          Spread(values: these.map(\.evaluation.bitsPerDimension)).text,
          String(format: "%.3f", these.first?.histogramBaseline ?? .nan),
        ]
          + (study.jpegxl.first { $0.data == data }.map { [$0.files, $0.mosaic] } ?? []).map {
            String(format: "%.3f", $0)
          }
      }
    }
    let charts = sets.map { data in
      let curves = runs.filter { $0.data == data }.map { run in
        Chart.Curve(
          run.name, (lines[run.name] ?? []).compactMap { line in line.validation.map { .init(line.seconds, $0) } },
          dashed: run.architecture == "realnvp", group: title(run.architecture))
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
        Bits per dimension of test images, lower is better: Glow, MaskedGlow, and a RealNVP with as many parameters as Glow, each \
        trained for as long at the speed of a trial alone on the machine, beside a histogram of each pixel's values in the training images. Mean and standard deviation over \
        seeds. \(verdicts(runs, sets))
        """),
      .table(
        ["", "parameters", "seeds", "training", "images seen", "images/s", "test bits/dim", "histogram"]
          + jpegxlColumns, rows),
    ] + jpegxl(runs, sets) + charts + [
      .paragraph("The published figures (Kingma & Dhariwal 2018, table 2), of models a hundred times the size:"),
      .table(["", "RealNVP", "Glow"], Self.published.map { [$0, $1, $2] }),
      .paragraph("Later flows reach less on CIFAR-10, at scale, too: Flow++ 3.08, DenseFlow 2.98 (from their papers)."),
      commands(runs),
    ]
  }

  /// Who is ahead.
  private func verdicts(_ runs: [Study.Run], _ sets: [String]) -> String {
    func ahead(_ one: String, _ other: String) -> [String] {
      sets.filter { mean(runs, $0, one) < mean(runs, $0, other) }
    }
    let (glow, masked, realnvp) = ("glow", "masked-glow", "realnvp")
    let families = unique(runs.map(\.architecture))
    var sentences: [String] = []
    if families.contains(glow), families.contains(realnvp) {
      let won = ahead(glow, realnvp)
      sentences.append(
        won.count == sets.count
          ? "Glow is ahead of RealNVP\(sets.count == 1 ? "" : " on every set"), as published."
          : "The published order, Glow ahead of RealNVP, comes out on \(listed(won, of: sets)).")
    }
    for other in [glow, realnvp] where families.contains(masked) && families.contains(other) {
      let won = ahead(masked, other)
      let place = sets.count == 1 ? "" : " on \(listed(won, of: sets))"
      let verb = sets.count == 1 && won.isEmpty ? "behind" : "ahead of"
      sentences.append("MaskedGlow is \(verb) \(title(other))\(place).")
    }
    return sentences.joined(separator: " ")
  }

  private func listed(_ some: [String], of sets: [String]) -> String {
    some.count == sets.count
      ? "every set" : "\(some.count) of \(sets.count) sets" + (some.isEmpty ? "" : ": \(some.joined(separator: ", "))")
  }

  private var jpegxlColumns: [String] {
    study.jpegxl.isEmpty ? [] : ["JPEG XL, a file", "JPEG XL, a mosaic"]
  }

  /// How JPEG XL was measured, and which models need fewer bits than its mosaic.
  private func jpegxl(_ runs: [Study.Run], _ sets: [String]) -> [Document.Block] {
    guard !study.jpegxl.isEmpty else { return [] }
    let sizes = study.jpegxl.map { "\($0.columns) x \($0.rows) of \($0.data)" }.joined(separator: ", ")
    let below = study.jpegxl.flatMap { found in
      unique(runs.map(\.architecture)).filter { mean(runs, found.data, $0) < found.mosaic }
        .map { "\(title($0)) on \(found.data)" }
    }
    return [
      .paragraph(
        """
        The columns of JPEG XL are for reference: the bytes of its lossless files (`cjxl --distance 0 --effort 9`) in bits per \
        dimension, with each test image in a file of its own, and with all of them tiled in one picture (images across x down: \
        \(sizes)). The models' figures are likelihoods, without a file's overhead. \
        Below the mosaic's: \(below.isEmpty ? "none" : below.joined(separator: ", ")).
        """)
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
}

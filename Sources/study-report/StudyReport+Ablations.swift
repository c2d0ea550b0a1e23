import Foundation
import Plotting
import Reporting

/// Sections 5 and 6: what the parts of a model are worth.
extension StudyReport {
  var ablation: [Document.Block] {
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

  /// The tables of the ablation of masked steps: the label that names a row in it, the first column's title, and a text.
  private static let maskedTables = [
    ("steps", "masked steps", "How many masked steps (0 is a Glow with the same levels):"),
    ("width", "hidden channels", "How wide the networks of the masked steps are:"),
    ("kind", "steps", "Masked steps, or more couplings instead:"),
  ]

  var maskedSteps: [Document.Block] {
    let runs = study.runs(in: "pixels")
    guard !runs.isEmpty else { return [] }
    let header = ["parameters", "training, images/s", "sampling, images/s", "test bits/dim"]
    let tables = Self.maskedTables.flatMap { label, column, text -> [Document.Block] in
      let rows = unique(runs.compactMap { $0.labels[label] }).sorted {
        $0.compare($1, options: .numeric) == .orderedAscending
      }
      .map { name in
        let these = runs.filter { $0.labels[label] == name }
        return [
          name, these[0].parameters.map(String.init) ?? "", rate(these), samplingRate(these),
          Spread(values: these.map(\.evaluation.bitsPerDimension)).text,
        ]
      }
      return [.paragraph(text), .table([column] + header, rows)]
    }
    let counted = runs.filter { $0.labels["steps"] != nil }
    let curves = counted.map { run in
      Chart.Curve(
        run.name, (lines[run.name] ?? []).compactMap { line in line.validation.map { .init(line.images, $0) } },
        group: run.labels["steps"].map { "\($0) masked steps" })
    }
    return [
      .heading(2, "6. Ablation: masked steps on the pixels"),
      .paragraph(
        """
        MaskedGlow on \(runs[0].data) after \(runs[0].images) images, \(seeds(runs)) seeds each, all of them trained with the same \
        settings. The rates say what each costs; sampling is timed as in section 2, for the first seed. \(order(counted))
        """),
    ] + tables + [
      figure(
        "ablation-masked-steps",
        Chart("Masked steps: validation bits/dim", x: .init("images seen"), y: .init("bits/dim"), curves),
        "Numbers of masked steps, \(seeds(runs)) seeds each."),
      commands(runs),
    ]
  }

  private func order(_ runs: [Study.Run]) -> String {
    let counts = unique(runs.compactMap { $0.labels["steps"] })
    let means = Dictionary(
      uniqueKeysWithValues: counts.map { count in
        (count, Spread(values: runs.filter { $0.labels["steps"] == count }.map(\.evaluation.bitsPerDimension)).mean)
      })
    let order = counts.sorted { means[$0, default: .nan] < means[$1, default: .nan] }
    return order.isEmpty ? "" : "Numbers of masked steps, best first: \(order.joined(separator: ", "))."
  }
}

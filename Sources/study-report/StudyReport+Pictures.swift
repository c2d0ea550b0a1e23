import Foundation
import Plotting
import Reporting

/// Sections 2 to 4: what the models draw.
extension StudyReport {
  var samples: [Document.Block] {
    let painters = study.runs(in: "pictures")
    let rows = painters.map { run in
      [
        "\(run.data), \(title(run.architecture))", run.parameters.map(String.init) ?? "",
        String(format: "%.0f s", run.seconds), "\(run.images)", rate([run]),
        String(format: "%.3f", run.evaluation.bitsPerDimension), samplingRate([run]), latency(run),
      ]
    }
    let text = """
      All pictures from here on are of larger models, trained for longer; those of RealNVP are of section 1. \
      \(howSamplingIsTimed) Models of Fashion-MNIST know the label, which is worth at most log2(10) / 784 = 0.004 bits/dim.
      """
    let header = [
      "", "parameters", "training", "images seen", "images/s", "test bits/dim", "sampling, images/s", "one sample",
    ]
    var blocks = pictured("samples", "2. Samples and temperatures", text)
    guard !blocks.isEmpty, !painters.isEmpty else { return blocks }
    blocks.insert(contentsOf: [.table(header, rows)] + recognition, at: 2)
    return blocks + [commands(painters)]
  }

  private var recognition: [Document.Block] {
    guard let first = study.recognition.first else { return [] }
    let rows = study.recognition.map { [title($0.architecture), "\($0.samples)", percent($0.recognized)] }
    return [
      .paragraph(
        """
        A classifier that has seen real images alone (`Scripts/recognition.py`) gives so many of the models' Fashion-MNIST samples \
        at temperature 0.7 the label that was asked for:
        """),
      .table(
        ["fashion-mnist", "images", "recognized"], rows + [["real test images", "10000", percent(first.realAccuracy)]]),
    ]
  }

  var interpolations: [Document.Block] {
    pictured(
      "interpolation", "3. Between real images",
      "Test images at both ends; between them what lies on the line between their latents.")
  }

  var edits: [Document.Block] {
    let rows = study.separability.map { found in
      [
        found.attribute, title(found.architecture), "\(found.positives)", "\(found.negatives)",
        found.auc.map { String(format: "%.3f", $0) } ?? "none held out",
      ]
    }
    let text = """
      An image's latent is moved along the mean latent of the images with an attribute minus that of those without, and none of \
      its levels becomes longer. The table says how well that direction tells held-out images apart (area under the ROC curve; 0.5 is \
      chance): only edits along directions that do can be trusted.
      """
    guard !rows.isEmpty else { return pictured("edits", "4. Semantic edits", text) }
    return pictured("edits", "4. Semantic edits", text) + [
      .table(["attribute", "family", "with", "without", "held-out AUC"], rows), .paragraph(trust),
    ]
  }

  /// Below this area, a direction is called too weak to edit along.
  private static let weakestArea = 0.75

  /// Which of the edits the figures speak for.
  private var trust: String {
    func names(_ isMeant: (Double?) -> Bool) -> String {
      let meant = study.separability.filter { isMeant($0.auc) }
      return unique(meant.map(\.attribute)).map { name in
        let families = meant.filter { $0.attribute == name }.map { title($0.architecture) }
        let all = study.separability.filter { $0.attribute == name }
        return families.count == all.count ? name : "\(name) (\(families.joined(separator: ", ")))"
      }.joined(separator: ", ")
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

  func pictured(_ section: String, _ title: String, _ text: String) -> [Document.Block] {
    let these = study.pictures(in: section)
    guard !these.isEmpty else { return [] }
    let figures = these.map { picture in
      Document.Block.figure(.init(picture.name, .png(pictures[picture.name] ?? []), caption: picture.caption + "."))
    }
    return [.heading(2, title), .paragraph(text)] + figures
      + [.code(these.map(\.command).joined(separator: "\n"))]
  }
}

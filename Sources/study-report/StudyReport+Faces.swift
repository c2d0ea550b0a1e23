import Foundation
import Reporting

/// The page of the faces, in the order of the article on Glow: likelihood, generated faces, faces between faces, edits.
extension StudyReport {
  func document(of faces: Study.Faces) -> Document {
    Document(
      "Faces",
      [.paragraph(opening(faces))] + likelihood + generated(faces)
        + pictured("interpolation", "3. Faces between faces", Self.between) + semanticEdits(faces))
  }

  private func opening(_ faces: Study.Faces) -> String {
    let (evaluation, baseline) = (faces.model.evaluation, faces.model.histogramBaseline)
    let bits = String(
      format: "%.4f%@", evaluation.bitsPerDimension,
      evaluation.standardError.map { String(format: " ± %.4f", $0) } ?? "")
    return """
      \(made("make report FACES=1")) The faces are drawn ([data.md](../../data.md#faces)) of Pablo Stanley's Avataaars; the test faces \
      combine parts as no training face does. Values have 5 bits, as the faces of the paper, for JPEG XL, too. Section 1 trains models at 32x32; all \
      pictures are by the shipped model (`--model faces`, 64x64), which has \(bits) bits/dim on \(evaluation.images) test faces, a \
      histogram per pixel \(String(format: "%.4f", baseline)). Whoever has CelebA makes the same of it: \
      `glow train --preset faces --data celeba,center=148:FOLDER --out runs/celeba`, then the commands below with `--model runs/celeba`.
      """
  }

  private static let between = """
    Test faces at both ends; between them what lies on the line between their latents, while what the model is told of their \
    attributes changes along.
    """

  private func generated(_ faces: Study.Faces) -> [Document.Block] {
    let kinds = unique(faces.pictures.flatMap { $0.sure.map(\.kind) })
    let rows = faces.pictures.map { found in
      [found.what, "\(found.pictures)"]
        + kinds.map { kind in found.sure.first { $0.kind == kind }.map { percent($0.share) } ?? "" }
        + [percent(found.broken)]
    }
    let text = """
      Each sample is told the attributes of some training face. A judge that has seen real faces alone \
      ([judge.md](../judge.md)) says in how many it is sure of exactly one mouth, hair and skin, and how many have noise, saturated \
      blocks or burnt-out colors (broken):
      """
    var blocks = pictured("samples", "2. Generated faces", text)
    guard !blocks.isEmpty else { return [] }
    blocks.insert(.table([""] + ["pictures"] + kinds.map { "sure of \($0)" } + ["broken"], rows), at: 2)
    return blocks
  }

  private func semanticEdits(_ faces: Study.Faces) -> [Document.Block] {
    let text = """
      A face is encoded under the attributes that it has, and decoded under others. Strength 1 is what training tells; 2 and 3 \
      exaggerate it. What excludes what is told changes with it: who gets a hat loses the hair above it.
      """
    return pictured("edits", "4. Semantic editing", text) + [.paragraph(judged(faces))] + [
      .table(header, summary(faces.edits))
    ]
      + strengths(of: faces.edits).flatMap { how, strength in table(faces, how, strength) }
  }

  private func judged(_ faces: Study.Faces) -> String {
    let good = faces.areas.filter { $0.area >= 0.95 }.count
    let least = faces.areas.min { $0.area < $1.area }
    return """
      The judge tells \(good) of \(faces.areas.count) attributes in real test faces with an area under the ROC curve of at least \
      0.95\(least.map { String(format: "; the least is \($0.attribute) with %.3f", $0.area) } ?? ""). It looks at \
      \(faces.edits.map(\.candidates).max() ?? 0) test faces at most before and after an edit: turned is the share in which it sees the \
      change, stayed the share of the other attributes that it sees unchanged, broken the share that is broken only after. Means over \
      all attributes, and in how many of them at least 85 % turn when given, and at least 90 % of the others stay:
      """
  }

  private var header: [String] {
    ["edit", "given: turned", "85 % or more", "taken: turned", "others stay", "90 % or more", "broken"]
  }

  private func strengths(of edits: [Study.Faces.Edit]) -> [(how: String, strength: Double)] {
    unique(edits.map(\.how)).flatMap { how in
      unique(edits.filter { $0.how == how }.map(\.strength)).map { (how, $0) }
    }
  }

  private func title(_ how: String, _ strength: Double) -> String {
    (how == "told" ? "told, strength " : "along the \(how) direction, strength ") + strength.formatted()
  }

  private func summary(_ edits: [Study.Faces.Edit]) -> [[String]] {
    func mean(_ values: [Double]) -> String { values.isEmpty ? "" : percent(Spread(values: values).mean) }
    return strengths(of: edits).map { how, strength in
      let these = edits.filter { $0.how == how && $0.strength == strength }
      let given = these.filter { $0.wanted == 1 }
      let (turned, stayed) = (given.compactMap(\.turned), given.compactMap(\.stayed))
      return [
        title(how, strength), mean(turned), "\(turned.count { $0 >= 0.85 }) of \(turned.count)",
        mean(these.filter { $0.wanted == 0 }.compactMap(\.turned)), mean(stayed),
        "\(stayed.count { $0 >= 0.9 }) of \(stayed.count)", mean(these.compactMap(\.broken)),
      ]
    }
  }

  /// Each attribute of an edit, those that turn most first.
  private func table(_ faces: Study.Faces, _ how: String, _ strength: Double) -> [Document.Block] {
    let these = faces.edits.filter { $0.how == how && $0.strength == strength }
    func cell(_ share: Double?) -> String { share.map(percent) ?? "" }
    let given = these.filter { $0.wanted == 1 }.sorted { ($0.turned ?? -1) > ($1.turned ?? -1) }
    let rows = given.map { edit in
      let taken = these.first { $0.attribute == edit.attribute && $0.wanted == 0 }
      return [
        edit.attribute, "\(edit.candidates)", cell(edit.turned), cell(edit.stayed), cell(edit.broken),
        taken.map { "\($0.candidates)" } ?? "", cell(taken?.turned), cell(taken?.stayed), cell(taken?.broken),
      ]
    }
    return [
      .heading(3, title(how, strength).capitalizedFirst),
      .table(
        ["attribute", "given to", "turned", "others stay", "broken", "taken from", "turned", "others stay", "broken"],
        rows),
    ]
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

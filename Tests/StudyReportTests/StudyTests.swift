import Foundation
import Testing

import Reporting

@testable import study_report

@Suite struct StudyTests {
  /// Two seeds of Glow, RealNVP and MaskedGlow on two sets, and ablations of one seed; test bits/dim as given.
  private func study(
    glow: [Double], realnvp: [Double], masked: [Double] = [], ablation: [String: Double] = [:],
    painters: [String: Double] = [:], maskedSteps: [(labels: [String: String], value: Double)] = [],
    faces: [String: Any]? = nil
  ) throws -> Study {
    var runs: [[String: Any]] = []
    func add(
      _ name: String, _ section: String, _ data: String, _ architecture: String, _ seed: Int, _ value: Double,
      _ labels: [String: String] = [:]
    ) {
      runs.append([
        "name": name, "section": section, "data": data, "architecture": architecture, "seed": seed, "labels": labels,
        "images": 1000, "parameters": 123, "seconds": 60.0, "run": "runs/\(name)",
        "command": "glow train --out runs/\(name)",
        "evaluation": ["bitsPerDimension": value, "standardError": 0.01, "images": 100], "histogramBaseline": 5.0,
      ])
    }
    for (index, data) in ["a", "b"].enumerated() {
      for seed in 0..<2 {
        add("\(data)-glow-\(seed)", "likelihood", data, "glow", seed, glow[2 * index + seed])
        add("\(data)-realnvp-\(seed)", "likelihood", data, "realnvp", seed, realnvp[2 * index + seed])
        if !masked.isEmpty {
          add("\(data)-masked-glow-\(seed)", "likelihood", data, "masked-glow", seed, masked[2 * index + seed])
        }
      }
    }
    for (family, value) in painters.sorted(by: { $0.key < $1.key }) {
      add("a-pictures-\(family)", "pictures", "a", family, 0, value)
    }
    for (number, row) in maskedSteps.enumerated() {
      add("pixels-\(number)", "pixels", "a", "masked-glow", 0, row.value, row.labels)
    }
    for (permutation, value) in ablation.sorted(by: { $0.key < $1.key }) {
      add(
        "ablation-\(permutation)", "ablation", "a", "glow", 0, value,
        ["permutation": permutation, "coupling": "affine"])
    }
    let picture = ["name": "p", "section": "samples", "file": "p.png", "caption": "Samples", "command": "glow sample"]
    let between = [
      "name": "i", "section": "interpolation", "file": "i.png", "caption": "Between", "command": "glow interpolate",
    ]
    var json: [String: Any] = [
      "quick": true, "machine": "2 cores", "date": "2026-01-02", "hours": 0.5, "runs": runs,
      "pictures": [picture, between],
      "separability": [
        ["attribute": "smile", "architecture": "glow", "positives": 3, "negatives": 4, "auc": 0.75],
        ["attribute": "smile", "architecture": "masked-glow", "positives": 3, "negatives": 4, "auc": 0.6],
        ["attribute": "hat", "architecture": "glow", "positives": 1, "negatives": 2, "auc": 0.5],
        ["attribute": "beard", "architecture": "glow", "positives": 1, "negatives": 2, "auc": NSNull()],
      ],
      "sampling": [
        ["run": "a-pictures-masked-glow", "imagesPerSecond": 250.4, "latency": 0.0123],
        ["run": "a-pictures-glow", "imagesPerSecond": NSNull(), "latency": NSNull()],
        ["run": "pixels-1", "imagesPerSecond": 77.7, "latency": 0.1],
      ],
      "recognition": painters.isEmpty
        ? [] : [["architecture": "glow", "recognized": 0.8125, "samples": 1000, "realAccuracy": 0.921]],
      "jpegxl": ["a", "b"].map { data in
        ["data": data, "images": 6, "files": 3.26, "mosaic": 3.16, "rows": 2, "columns": 3] as [String: Any]
      },
    ]
    json["faces"] = faces
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONSerialization.data(withJSONObject: json).write(to: file)
    return try Study(contentsOf: file)
  }

  private func markdown(_ study: Study) throws -> String {
    let line = StudyReport.Line(images: 500, seconds: 30, validation: 3.3, roundTripError: 1e-6, conditionNumber: 2)
    return StudyReport(
      of: study,
      lines: { _ in [line, .init(images: 1000, seconds: 60, validation: 3.2, roundTripError: 2e-6, conditionNumber: 3)]
      },
      file: { _ in [1, 2, 3] }, benchmarks: [.init("memory", .png([4]), caption: "Memory.")]
    ).document.markdown
  }

  @Test func figures() throws {
    let text = try markdown(study(glow: [3, 3.2, 2, 2], realnvp: [4, 4, 3, 3.5]))
    #expect(text.contains("| a, Glow | 123 | 2 | 60 s | 1000 | 17 | 3.100 ± 0.141 | 5.000 | 3.260 | 3.160 |"))
    #expect(text.contains("| b, RealNVP | 123 | 2 | 60 s | 1000 | 17 | 3.250 ± 0.354 | 5.000 | 3.260 | 3.160 |"))
    #expect(text.contains("Glow is ahead of RealNVP on every set, as published."))
    #expect(
      text.contains("| smile | Glow | 3 | 4 | 0.750 |") && text.contains("| beard | Glow | 1 | 2 | none held out |"))
    #expect(text.contains("Told apart at 0.75 or better: smile (Glow). Not told apart well enough"))
    #expect(
      text.contains(
        "whatever else differs: smile (MaskedGlow), hat. Not measured, as no held-out image can have it: beard."))
    #expect(text.contains("The largest round-trip error of all is 2.0e-06"))
    #expect(
      text.contains("![Samples.](p.png)") && text.contains("![Memory.](memory.png)"))
    #expect(text.contains("glow train --out runs/a-glow-0") && !text.contains("glow train --out runs/a-glow-1"))
    #expect(text.contains("images across x down: 3 x 2 of a, 3 x 2 of b"))
    #expect(text.contains("Below the mosaic's: Glow on a, Glow on b."))
    #expect(!text.contains("5. Ablation") && !text.contains("6. Ablation") && !text.contains("MaskedGlow is ahead"))
  }

  /// Every claim of who is ahead follows the figures.
  @Test func threeFamilies() throws {
    let best = try markdown(study(glow: [3, 3, 2, 2], realnvp: [4, 4, 3, 3], masked: [2.5, 2.5, 1.5, 1.5]))
    #expect(
      best.contains("Glow is ahead of RealNVP on every set, as published. MaskedGlow is ahead of Glow on every set."))
    #expect(best.contains("MaskedGlow is ahead of RealNVP on every set."))
    #expect(best.contains("| a, MaskedGlow | 123 | 2 | 60 s | 1000 | 17 | 2.500 ± 0.000 |"))
    #expect(best.contains("at every validation of the runs of Glow and MaskedGlow"))
    let middle = try markdown(study(glow: [3, 3, 2, 2], realnvp: [4, 4, 1, 1], masked: [3.5, 3.5, 1.5, 1.5]))
    #expect(middle.contains("comes out on 1 of 2 sets: a. MaskedGlow is ahead of Glow on 1 of 2 sets: b."))
    #expect(middle.contains("MaskedGlow is ahead of RealNVP on 1 of 2 sets: a."))
    let worst = try markdown(study(glow: [3, 3, 2, 2], realnvp: [4, 4, 3, 3], masked: [5, 5, 5, 5]))
    #expect(worst.contains("MaskedGlow is ahead of Glow on 0 of 2 sets."))
  }

  /// Models for the pictures alone are listed there and do not count in the comparison.
  @Test func painters() throws {
    let study = try study(
      glow: [3, 3.2, 2, 2], realnvp: [4, 4, 3, 3.5], painters: ["glow": 2.5, "masked-glow": 2.25])
    let text = try markdown(study)
    #expect(text.contains("| a, MaskedGlow | 123 | 60 s | 1000 | 17 | 2.250 | 250 | 12.3 ms |"))
    #expect(text.contains("| a, Glow | 123 | 60 s | 1000 | 17 | 2.500 |  |  |"))
    #expect(text.contains("glow train --out runs/a-pictures-glow"))
    #expect(text.contains("| a, Glow | 123 | 2 | 60 s | 1000 | 17 | 3.100 ± 0.141 | 5.000 | 3.260 | 3.160 |"))
    #expect(text.contains("| Glow | 1000 | 81.2 % |") && text.contains("| real test images | 10000 | 92.1 % |"))
  }

  /// A run may stand in several tables, whose rows are in the order of their numbers.
  @Test func maskedSteps() throws {
    let text = try markdown(
      study(
        glow: [3, 3, 2, 2], realnvp: [4, 4, 3, 3],
        maskedSteps: [
          (["steps": "0", "kind": "6 couplings"], 4), (["steps": "4", "width": "32", "kind": "4 masked"], 3),
          (["steps": "16"], 2), (["width": "8"], 3.5),
        ]))
    #expect(text.contains("Numbers of masked steps, best first: 16, 4, 0."))
    #expect(text.contains("| 0 | 123 | 17 |  | 4.000 |\n| 4 | 123 | 17 | 78 | 3.000 |\n| 16 | 123 | 17 |  | 2.000 |"))
    #expect(text.contains("| 8 | 123 | 17 |  | 3.500 |\n| 32 | 123 | 17 | 78 | 3.000 |"))
    #expect(text.contains("| 4 masked | 123 | 17 | 78 | 3.000 |\n| 6 couplings | 123 | 17 |  | 4.000 |"))
  }

  /// The page of the faces is in the order of the article, with what the judge says.
  @Test func faces() throws {
    func edit(_ how: String, _ attribute: String, _ wanted: Int, _ turned: Any, _ stayed: Double) -> [String: Any] {
      [
        "how": how, "strength": 1.5, "attribute": attribute, "wanted": wanted, "candidates": 40 + wanted,
        "turned": turned, "stayed": stayed, "broken": 0.01,
      ]
    }
    let faces: [String: Any] = [
      "model": [
        "evaluation": ["bitsPerDimension": 0.5, "standardError": 0.01, "images": 900], "histogramBaseline": 3.5,
      ],
      "areas": [["attribute": "hat", "area": 0.99], ["attribute": "sad", "area": 0.9]],
      "edits": [
        edit("told", "sad", 1, 0.5, 0.8), edit("told", "hat", 1, 0.9, 0.95), edit("told", "hat", 0, 0.25, 1),
        edit("mean", "hat", 1, NSNull(), 1),
      ],
      "pictures": [["what": "real", "pictures": 900, "broken": 0.002, "sure": [["kind": "mouth", "share": 0.95]]]],
    ]
    let text = try markdown(study(glow: [3, 3, 2, 2], realnvp: [4, 4, 3, 3], faces: faces))
    let headings = text.split(separator: "\n").filter { $0.hasPrefix("## ") }
    #expect(headings == ["## 1. Likelihood", "## 2. Generated faces", "## 3. Faces between faces"])
    #expect(text.contains("has 0.5000 ± 0.0100 bits/dim on 900 test faces, a histogram per pixel 3.5000"))
    #expect(text.contains("| real | 900 | 95.0 % | 0.2 % |"))
    #expect(text.contains("tells 1 of 2 attributes") && text.contains("the least is sad with 0.900"))
    #expect(text.contains("| told, strength 1.5 | 70.0 % | 1 of 2 | 25.0 % | 87.5 % | 1 of 2 | 1.0 % |"))
    #expect(text.contains("| along the mean direction, strength 1.5 |  | 0 of 0 |  | 100.0 % | 1 of 1 | 1.0 % |"))
    #expect(
      text.contains(
        "| hat | 41 | 90.0 % | 95.0 % | 1.0 % | 40 | 25.0 % | 100.0 % | 1.0 % |\n| sad | 41 | 50.0 % | 80.0 % | 1.0 % |"
      ))
  }

  /// What does not come out as published is said.
  @Test func otherOrders() throws {
    let reversed = ["conv1x1": 3.0, "shuffle": 2.0, "reverse": 1.0]
    let text = try markdown(study(glow: [3, 3, 2, 2], realnvp: [2, 2, 3, 3], ablation: reversed))
    #expect(text.contains("comes out on 1 of 2 sets: b."))
    #expect(text.contains("best first, is reverse, shuffle, conv1x1; published is conv1x1, shuffle, reverse."))
    let published = try markdown(
      study(glow: [3, 3, 3, 3], realnvp: [2, 2, 2, 2], ablation: ["conv1x1": 1, "shuffle": 2, "reverse": 3]))
    #expect(published.contains("comes out on 0 of 2 sets."))
    #expect(published.contains("is conv1x1, shuffle, reverse, as published."))
  }

  @Test func damagedFiles() throws {
    func message(_ text: String) throws -> String {
      let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(text.utf8).write(to: file)
      return "\(try #require(throws: ReportError.self) { try Study(contentsOf: file) })"
    }
    #expect(try message("{").contains("not valid JSON"))
    #expect(try message("{}").contains("field quick is missing"))
    #expect(try message("{\"quick\": 3}").contains("field quick has the wrong type"))
    #expect(throws: ReportError.self) { try Study(contentsOf: URL(filePath: "/nowhere/study.json")) }
  }
}

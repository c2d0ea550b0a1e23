import Foundation
import Testing

import Reporting

@testable import study_report

@Suite struct StudyTests {
  /// Two seeds of Glow and RealNVP on two sets, and an ablation of one seed; test bits/dim as given.
  private func study(
    glow: [Double], realnvp: [Double], ablation: [String: Double] = [:], painter: Double? = nil
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
      }
    }
    if let painter { add("a-pictures", "pictures", "a", "glow", 0, painter) }
    for (permutation, value) in ablation.sorted(by: { $0.key < $1.key }) {
      add(
        "ablation-\(permutation)", "ablation", "a", "glow", 0, value,
        ["permutation": permutation, "coupling": "affine"])
    }
    let picture = ["name": "p", "section": "samples", "file": "p.png", "caption": "Samples", "command": "glow sample"]
    let json: [String: Any] = [
      "quick": true, "machine": "2 cores", "date": "2026-01-02", "hours": 0.5, "runs": runs, "pictures": [picture],
      "separability": [
        ["attribute": "smile", "positives": 3, "negatives": 4, "auc": 0.75],
        ["attribute": "hat", "positives": 1, "negatives": 2, "auc": 0.5],
        ["attribute": "beard", "positives": 1, "negatives": 2, "auc": NSNull()],
      ],
    ]
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
    #expect(text.contains("| a, Glow | 123 | 2 | 60 s | 1000 | 3.100 ± 0.141 | 5.000 |"))
    #expect(text.contains("| b, RealNVP | 123 | 2 | 60 s | 1000 | 3.250 ± 0.354 | 5.000 |"))
    #expect(text.contains("Glow is ahead of RealNVP on every set, as published."))
    #expect(text.contains("| smile | 3 | 4 | 0.750 |") && text.contains("| beard | 1 | 2 | none held out |"))
    #expect(text.contains("Told apart at 0.75 or better: smile. Not told apart well enough"))
    #expect(text.contains("whatever else differs: hat. Not measured, as no held-out image can have it: beard."))
    #expect(text.contains("The largest round-trip error of all is 2.0e-06"))
    #expect(
      text.contains("![Samples.](p.png)") && text.contains("![Memory.](memory.png)"))
    #expect(text.contains("glow train --out runs/a-glow-0") && !text.contains("glow train --out runs/a-glow-1"))
    #expect(!text.contains("5. Ablation"))
  }

  /// Models for the pictures alone are listed there and do not count in the comparison.
  @Test func painters() throws {
    let study = try study(glow: [3, 3.2, 2, 2], realnvp: [4, 4, 3, 3.5], painter: 2.5)
    let text = try markdown(study)
    #expect(text.contains("| a | 123 | 60 s | 1000 | 2.500 |") && text.contains("glow train --out runs/a-pictures"))
    #expect(text.contains("| a, Glow | 123 | 2 | 60 s | 1000 | 3.100 ± 0.141 | 5.000 |"))
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

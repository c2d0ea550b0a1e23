import Foundation
import Testing

/// `glow report` on tiny runs.
@Suite struct ReportTests {
  @Test func run() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled()
      let out = folder.appending(path: "report")
      for _ in 0..<2 {
        let outcome = try GlowBinary.run(["report", run.run.path, "--out", out.path, "--limit", "5", "--threads", "1"])
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      let page = try String(contentsOf: out.appending(path: "index.html"), encoding: .utf8)
      let text = try String(contentsOf: out.appending(path: "README.md"), encoding: .utf8)
      for title in ["Likelihood", "Training", "Samples", "Reconstructions", "Between test images", "Invertibility"] {
        #expect(page.contains("<h2>\(title)</h2>") && text.contains("\n## \(title)\n"), "\(title)")
      }
      #expect(text.contains("On 5 images of the test split"))
      // Each picture that the text names is there.
      let names = text.matches(of: /\]\(([a-z-]+\.(?:svg|png))\)/).map { String($0.1) }
      #expect(names.count >= 8)
      for name in names { #expect(FileManager.default.fileExists(atPath: out.appending(path: name).path), "\(name)") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report"])
    }
  }

  @Test func realNVP() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.realNVP().run
      let outcome = try GlowBinary.run([
        "report", run.path, "--out", folder.appending(path: "report").path, "--limit", "3", "--threads", "1",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let text = try String(contentsOf: folder.appending(path: "report/README.md"), encoding: .utf8)
      #expect(text.contains("| model | RealNVP levels=2"))
    }
  }

  @Test func refusals() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending(path: "report").path
      let run = try TrainedRun.unlabeled().run.path
      for (flags, words) in [
        (["/nowhere", "--out", out], ["/nowhere is no run folder"]), (["--out", out], ["<run>"]),
        ([run, "--out", out, "--limit", "0"], ["--limit is 0"]), ([run], ["--out"]),
        ([run, "--out", run, "--limit", "2"], ["holds a run"]),
      ] {
        try expectRefusal(["report"] + flags, saying: words, leaving: folder)
      }
    }
  }
}

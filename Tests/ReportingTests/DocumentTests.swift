import Foundation
import Reporting
import Testing

@Suite struct DocumentTests {
  private let document = Document(
    "Report <1>",
    [
      .heading(2, "Likelihood"), .paragraph("Lower is `better & best`; a lone ` stays."), .list(["one", "two `2`"]),
      .code("glow eval --model <run>"), .table(["set", "bits/dim"], [["a|b", "3.1"], ["c", "3.2"]]),
      .figure(.init("curve", .svg("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), caption: "Falls.")),
      .figure(.init("samples", .png([1, 2, 3]), caption: "Drawn \"well\".")),
    ])

  @Test func markdown() {
    #expect(
      document.markdown == """
        # Report <1>

        ## Likelihood

        Lower is `better & best`; a lone ` stays.

        - one
        - two `2`

        ```
        glow eval --model <run>
        ```

        | set | bits/dim |
        | --- | ---: |
        | a\\|b | 3.1 |
        | c | 3.2 |

        ![Falls.](curve.svg)

        Falls.

        ![Drawn "well".](samples.png)

        Drawn "well".

        """)
  }

  @Test func html() {
    let html = document.html
    // By which data sets know a report that lies among their pictures.
    #expect(html.contains(#"<meta name="generator" content="swift-glow">"#))
    for part in [
      "<title>Report &lt;1&gt;</title>", "<h2>Likelihood</h2>", "<li>two <code>2</code></li>",
      "<pre><code>glow eval --model &lt;run&gt;</code></pre>", "<th>set</th><th>bits/dim</th>",
      "<td>a|b</td><td>3.1</td>", "<figure><svg xmlns", "<figcaption>Falls.</figcaption>",
      "<img alt=\"Drawn &quot;well&quot;.\" src=\"data:image/png;base64,AQID\">",
    ] {
      #expect(html.contains(part), "\(part)")
    }
    // Nothing is fetched from elsewhere.
    #expect(!html.contains("src=\"http") && !html.contains("<link") && !html.contains("<script"))
    // An odd number of backticks marks no code.
    #expect(html.contains("Lower is `better &amp; best`; a lone ` stays."))
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func replacesAnEarlierReport() throws {
    try withFolder { folder in
      let report = folder.appending(path: "report")
      try document.write(to: report)
      let names = try FileManager.default.contentsOfDirectory(atPath: report.path).sorted()
      #expect(names == ["README.md", "curve.svg", "index.html", "samples.png"])
      // A clone has no page in HTML.
      try FileManager.default.removeItem(at: report.appending(path: "index.html"))
      #expect(throws: ReportError.self) { try Document("Other").write(to: report) }
      try document.write(to: report)
      try Document("Other").write(to: report)
      #expect(try FileManager.default.contentsOfDirectory(atPath: report.path).sorted() == ["README.md", "index.html"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report"])
    }
  }

  @Test func leavesOtherFilesAlone() throws {
    try withFolder { folder in
      let file = folder.appending(path: "thesis.tex")
      try Data("x".utf8).write(to: file)
      #expect(throws: ReportError.self) { try document.write(to: folder) }
      #expect(try Data(contentsOf: file) == Data("x".utf8))
      #expect(throws: ReportError.self) { try document.write(to: file.appending(path: "report")) }
    }
  }
}

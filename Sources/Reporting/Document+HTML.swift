import Foundation

extension Document {
  /// One page that needs nothing else: styles and pictures are inside it.
  public var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="generator" content="swift-glow">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escaped(title))</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <main>
    <h1>\(inline(title))</h1>
    \(blocks.map(html).joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  private static let style = """
    :root{color-scheme:light dark;--ink:#1d1d1f;--paper:#fff;--rule:#d9d9de;--soft:#f4f4f6}
    @media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--paper:#161618;--rule:#3a3a3f;--soft:#222226}}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
    main{max-width:56rem;margin:0 auto;padding:1rem 1.25rem 4rem}
    h2{margin-top:2.5rem;border-bottom:1px solid var(--rule);padding-bottom:.25rem}
    code,pre{font:.875em/1.5 ui-monospace,monospace;background:var(--soft);border-radius:4px}
    code{padding:.1em .3em}pre{padding:.75rem 1rem;overflow-x:auto}pre code{padding:0}
    .table{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0}
    th,td{padding:.3rem .75rem;border-bottom:1px solid var(--rule);text-align:right;font-variant-numeric:tabular-nums}
    th:first-child,td:first-child{text-align:left}
    figure{margin:1.5rem 0}figure img,figure svg{max-width:100%;height:auto;background:#fff}
    figure img{image-rendering:pixelated}figcaption{font-size:.9em;opacity:.85;margin-top:.4rem}
    """

  private func html(_ block: Block) -> String {
    switch block {
    case .heading(let level, let text): "<h\(level)>\(inline(text))</h\(level)>"
    case .paragraph(let text): "<p>\(inline(text))</p>"
    case .list(let items): "<ul>\(items.map { "<li>\(inline($0))</li>" }.joined())</ul>"
    case .code(let text): "<pre><code>\(escaped(text))</code></pre>"
    case .table(let header, let rows):
      "<div class=\"table\"><table><thead>\(row(header, "th"))</thead><tbody>"
        + rows.map { row($0, "td") }.joined() + "</tbody></table></div>"
    case .figure(let figure):
      "<figure>\(html(figure))<figcaption>\(inline(figure.caption))</figcaption></figure>"
    }
  }

  private func html(_ figure: Figure) -> String {
    switch figure.picture {
    case .svg(let text): text
    case .png(let bytes):
      "<img alt=\"\(escaped(figure.caption))\" src=\"data:image/png;base64,\(Data(bytes).base64EncodedString())\">"
    }
  }

  private func row(_ cells: [String], _ tag: String) -> String {
    "<tr>" + cells.map { "<\(tag)>\(inline($0))</\(tag)>" }.joined() + "</tr>"
  }

  /// Text with its code set as such.
  private func inline(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false)
    // An even number of backticks leaves an odd number of parts.
    guard parts.count % 2 == 1 else { return escaped(text) }
    return parts.enumerated().map { index, part in
      index % 2 == 0 ? escaped(String(part)) : "<code>\(escaped(String(part)))</code>"
    }.joined()
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

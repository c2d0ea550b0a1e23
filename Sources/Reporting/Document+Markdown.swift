extension Document {
  /// Markdown whose pictures lie beside it.
  public var markdown: String {
    (["# " + title] + blocks.map(markdown)).joined(separator: "\n\n") + "\n"
  }

  private func markdown(_ block: Block) -> String {
    switch block {
    case .heading(let level, let text): String(repeating: "#", count: level) + " " + text
    case .paragraph(let text): text
    case .list(let items): items.map { "- " + $0 }.joined(separator: "\n")
    case .code(let text): "```\n\(text)\n```"
    case .table(let header, let rows):
      ([header, header.indices.map { $0 == 0 ? "---" : "---:" }] + rows.map { $0.map(escaped) })
        .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    case .figure(let figure): "![\(figure.caption)](\(figure.fileName))\n\n\(figure.caption)"
    }
  }

  private func escaped(_ cell: String) -> String { cell.replacing("|", with: "\\|") }
}

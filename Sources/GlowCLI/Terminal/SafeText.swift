import Files

/// Prints lines of text. File names and labels may hold anything: what would not print is escaped.
func print(_ text: String) { Swift.print(safe(text)) }

/// Prints JSON, whose strings have their own escapes.
func printJSON(_ text: String) { Swift.print(text) }

/// Lines for a terminal, with what would not print escaped.
func safe(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0), limit: .max) }
    .joined(separator: "\n")
}

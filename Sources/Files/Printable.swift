/// Text that a file may have had a say in, fit for one line of a terminal: cut where it is long, with what would not print
/// (line breaks, control characters, marks that turn the direction of text) escaped.
package func printable(_ text: String, limit: Int = 800) -> String {
  let plain = UInt8(ascii: " ")...UInt8(ascii: "~")
  if text.utf8.count <= limit, text.utf8.allSatisfy(plain.contains) { return text }
  var (printable, count) = ("", 0)
  for scalar in text.unicodeScalars {
    var part = String(scalar)
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      part = "\\u{\(String(scalar.value, radix: 16))}"
    default: break
    }
    count += part.unicodeScalars.count
    if count > limit { return printable + "…" }
    printable += part
  }
  return printable
}

/// A name of a file, a class or an attribute, which equals another only where their bytes are the same.
///
/// Swift's strings are equal also where they compose a letter in different ways: two folders `café` may lie side by side,
/// and are one key of a dictionary of strings.
package struct ExactName: Hashable, Comparable, Sendable {
  package let text: String

  package init(_ text: some StringProtocol) { self.text = String(text) }

  package static func == (a: ExactName, b: ExactName) -> Bool {
    a.text == b.text && a.text.utf8.elementsEqual(b.text.utf8)
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }

  /// As Swift orders strings, by bytes where that knows no difference.
  package static func < (a: ExactName, b: ExactName) -> Bool {
    a.text < b.text || (a.text == b.text && a.text.utf8.lexicographicallyPrecedes(b.text.utf8))
  }
}

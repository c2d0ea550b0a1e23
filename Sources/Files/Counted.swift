/// `1 image`, `2 images`.
/// - Parameter plural: of a noun that takes more than an s.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
  "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

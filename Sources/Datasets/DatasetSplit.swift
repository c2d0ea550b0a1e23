/// The three uses of images: to learn from, to make choices by, and to report on once.
public enum DatasetSplit: String, Sendable, CaseIterable, Codable {
  /// The images to learn from.
  case train
  /// The images to make choices by, such as that of the best checkpoint.
  case validation
  /// The images to report on, once.
  case test
}

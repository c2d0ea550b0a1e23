/// The three uses of images: to learn from, to make choices by, and to report on once.
public enum DatasetSplit: String, Sendable, CaseIterable, Codable {
  case train
  case validation
  case test
}

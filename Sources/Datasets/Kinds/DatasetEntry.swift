/// What `glow data list` says of a kind of data set: what it is, where it comes from, on what terms, and which files are
/// expected. Sizes and checksums are given where the publisher or the format fixes them.
public struct DatasetEntry: Sendable {
  /// The set as `--data` takes it.
  public let spelling: String
  /// The name for people.
  public let title: String
  /// What the images are, with counts.
  public let images: String
  /// Publisher and home page.
  public let origin: String
  /// The license, or what else is known of the terms.
  public let terms: String
  /// One line for each file or group of files.
  public let files: [String]
  /// One line for each option.
  public let options: [String]

  init(
    spelling: String, title: String, images: String, origin: String, terms: String, files: [String],
    options: [String] = []
  ) {
    self.spelling = spelling
    self.title = title
    self.images = images
    self.origin = origin
    self.terms = terms
    self.files = files
    self.options = options
  }
}

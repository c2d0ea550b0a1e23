/// What of the tar files of a ``WebDataset`` is not used, counted.
struct UnusedMembers {
  /// Files that are no pictures and no labels, by the endings of their names.
  var endings: [String: Int] = [:]
  /// JSON in which no label is.
  var plainJSON = 0
  /// Samples without a picture.
  var lonely = 0
  /// Pictures of a sample that has one already.
  var seconds = 0
  /// Files that a later one of their name replaces.
  var replaced = 0
  /// Pictures without a label, where others have one.
  var unlabeled = 0
  /// Pictures in tar files that name no split, where others do.
  var unsplit = 0

  mutating func add(_ other: UnusedMembers) {
    endings.merge(other.endings, uniquingKeysWith: +)
    for count in [\UnusedMembers.plainJSON, \.lonely, \.seconds, \.replaced, \.unlabeled, \.unsplit] {
      self[keyPath: count] += other[keyPath: count]
    }
  }

  /// Nil where all is used.
  var note: String? {
    let counts: [(count: Int, noun: String, rest: String)] = [
      (unlabeled, "picture", "without a label"), (unsplit, "picture", "in tar files that name no split"),
      (lonely, "label", "without a picture"), (seconds, "second picture", "of a sample"),
      (replaced, "file", "with a later one of the same name"), (plainJSON, ".json file", "without a label"),
    ]
    let parts =
      counts.filter { $0.count > 0 }.map { "\(counted($0.count, $0.noun)) \($0.rest)" }
      + endings.sorted { $0.key < $1.key }.map { counted($1, "\($0.isEmpty ? "nameless" : "." + $0) file") }
    return parts.isEmpty ? nil : "not used: " + listed(parts, most: 8)
  }
}

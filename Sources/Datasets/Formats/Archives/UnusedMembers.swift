import Files

/// What of the tar files of a ``WebDataset`` is not used, counted.
struct UnusedMembers {
  /// Files that are no pictures and no labels, by the endings of their names.
  var endings: [String: Int] = [:]
  /// Pictures whose names have another dot before that of their ending.
  var dotted: [String] = []
  /// Pictures that Glow wrote.
  var ofGlow = 0
  /// Of pictures that are not used for it.
  var damagedLabels: [DamagedLabel] = []
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
    dotted += other.dotted
    damagedLabels += other.damagedLabels
    for count in [\UnusedMembers.ofGlow, \.plainJSON, \.lonely, \.seconds, \.replaced, \.unlabeled, \.unsplit] {
      self[keyPath: count] += other[keyPath: count]
    }
  }

  /// Nil where all is used.
  var note: String? {
    let counts: [(count: Int, noun: String, rest: String)] = [
      (ofGlow, "picture", "that glow wrote"), (unlabeled, "picture", "without a label"),
      (unsplit, "picture", "in tar files that name no split"),
      (lonely, "label", "without a picture"), (seconds, "second picture", "of a sample"),
      (replaced, "file", "with a later one of the same name"), (plainJSON, ".json file", "without a label"),
    ]
    let damage = damagedLabels.first.map {
      "\(counted(damagedLabels.count, "picture")) with a damaged label (\($0.file): \($0.problem))"
    }
    let dotted = dotted.first.map {
      "\(counted(self.dotted.count, "picture")) with another dot in the name (\($0))"
    }
    let parts =
      [damage, dotted].compactMap { $0 }
      + counts.filter { $0.count > 0 }.map { "\(counted($0.count, $0.noun)) \($0.rest)" }
      + endings.sorted { isOrderedBefore($0.key, $1.key) }.map {
        counted($1, "\($0.isEmpty ? "nameless" : "." + $0) file")
      }
    return parts.isEmpty ? nil : "not used: " + listed(parts, most: 8)
  }
}

/// A file that should say what a sample shows, and does not.
struct DamagedLabel: Error {
  /// What messages call the file.
  let file: String
  let problem: String

  /// Where no label of a set is sound.
  var error: DatasetError {
    .wrongField(file: file, field: "label", expected: "a whole number or a name, in one line", found: problem)
  }
}

/// Which names are those of splits.
enum SplitNames {
  /// In small letters.
  private static let splits: [String: DatasetSplit] = [
    "train": .train, "training": .train, "trn": .train,
    "validation": .validation, "valid": .validation, "validate": .validation, "val": .validation, "dev": .validation,
    "test": .test, "testing": .test, "tst": .test,
  ]
  /// What stands beside splits and is none.
  private static let rest: Set<String> = ["unlabeled", "unlabelled", "extra"]

  /// The split that a name is, in any case.
  static func split(_ name: some StringProtocol) -> DatasetSplit? { splits[name.lowercased()] }

  /// The split that a word of a name is, as in `train_set`, `seg_test`, `Train images` or `testset`; nil for none, or words
  /// that disagree.
  static func splitWord(in name: some StringProtocol) -> DatasetSplit? {
    let found = Set(words(of: name).compactMap(splitOfWord))
    return found.count == 1 ? found.first : nil
  }

  /// The words of a name that are no split, as `seg` of `seg_train`.
  static func otherWords(in name: some StringProtocol) -> Set<String> {
    Set(words(of: name).filter { splitOfWord($0) == nil })
  }

  private static func splitOfWord(_ word: String) -> DatasetSplit? {
    split(word) ?? (word.hasSuffix("set") ? split(word.dropLast(3)) : nil)
  }

  static func isRest(_ name: some StringProtocol) -> Bool { rest.contains(name.lowercased()) }

  /// In small letters. A capital behind a small letter begins another word.
  private static func words(of name: some StringProtocol) -> [String] {
    var words = [""]
    var isSmall = false
    for character in name {
      if !character.isLetter || isSmall && character.isUppercase { words.append("") }
      if character.isLetter { words[words.count - 1] += character.lowercased() }
      isSmall = character.isLowercase
    }
    return words.filter { !$0.isEmpty }
  }
}

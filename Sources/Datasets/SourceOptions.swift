/// The options of a source, `NAME=NUMBER` or a bare `NAME` each: taken one by one, so that what is left is unknown.
struct SourceOptions {
  private let source: String
  private var numbers: [String: Int] = [:]
  private var flags: Set<String> = []

  /// - Throws: `DatasetError.wrongOption` for text of another form.
  init(_ texts: ArraySlice<String>, of source: String) throws {
    self.source = source
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 1, !text.isEmpty {
        flags.insert(text)
      } else {
        guard parts.count == 2, let number = Int(parts[1]), (1...1 << 16).contains(number) else {
          throw DatasetError.wrongOption(
            source: source, option: text, expected: "NAME=NUMBER, a number from 1 to 65536")
        }
        guard numbers.updateValue(number, forKey: String(parts[0])) == nil else {
          throw DatasetError.wrongOption(source: source, option: text, expected: "\(parts[0]) once")
        }
      }
    }
  }

  mutating func take(_ name: String) -> Int? { numbers.removeValue(forKey: name) }

  mutating func takeFlag(_ name: String) -> Bool { flags.remove(name) != nil }

  /// - Throws: `DatasetError.wrongOption` for one that nobody took.
  func requireAllTaken() throws {
    guard let left = (numbers.keys.map { $0 + "=" } + flags).min() else { return }
    let known =
      switch source {
      case "celeba": "centre=PIXELS"
      case "tfrecord": "classes=NUMBER or attributes"
      case let lsun where lsun.hasPrefix("lsun-"): "crop=PIXELS"
      default: "none: it has no options"
      }
    throw DatasetError.wrongOption(source: source, option: left, expected: known)
  }
}

import Foundation
import Imaging

/// The folder of a data set, and the options that were given with it.
struct DatasetLocation: Sendable, Hashable {
  let directory: URL
  private let values: [DatasetOption: Int]

  /// - Parameter values: the numbers of options; 1 for one without a number, nil for what is not given.
  init(_ directory: URL, _ values: [DatasetOption: Int?] = [:]) {
    self.directory = directory
    self.values = values.compactMapValues { $0 }
  }

  func moved(to directory: URL) -> DatasetLocation { DatasetLocation(directory, values.mapValues { $0 }) }

  /// The most pixels of a picture, width times height.
  var pixelLimit: Int { self[.megapixels].map { $0 * 1_000_000 } ?? PixelImage.defaultPixelLimit }

  /// The number of an option, or 1 if it has none; nil if it was not given.
  subscript(option: DatasetOption) -> Int? { values[option] }

  /// Reads options, `NAME=NUMBER` or `NAME` each.
  ///
  /// - Throws: `DatasetError.wrongOption` for one that the kind does not have, or text of another form.
  init(_ directory: URL, options texts: some Sequence<String>, of kind: any DatasetKind) throws {
    func wrong(_ option: String, _ expected: String) -> DatasetError {
      .wrongOption(source: kind.name, option: option, expected: expected)
    }
    var (numbers, flags) = ([String: Int](), Set<String>())
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if parts.count == 1, !text.isEmpty {
        flags.insert(text)
      } else {
        guard parts.count == 2, let number = Int(parts[1]), (1...1 << 16).contains(number) else {
          throw wrong(text, "NAME=NUMBER, a number from 1 to 65536")
        }
        guard numbers.updateValue(number, forKey: parts[0]) == nil else { throw wrong(text, "\(parts[0]) once") }
      }
    }
    var values: [DatasetOption: Int] = [:]
    for option in kind.options {
      if option.number == nil {
        if flags.remove(option.name) != nil { values[option] = 1 }
      } else if let name = ([option.name] + option.otherNames).first(where: { numbers[$0] != nil }) {
        values[option] = numbers.removeValue(forKey: name)
      }
    }
    if let left = (numbers.keys.map { $0 + "=" } + flags).min() {
      let known = kind.options.map(\.form)
      throw wrong(left, known.isEmpty ? "none: it has no options" : known.joined(separator: " or "))
    }
    self.directory = directory
    self.values = values
  }
}

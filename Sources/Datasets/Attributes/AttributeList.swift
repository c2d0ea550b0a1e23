import Files
import Foundation

/// A list of attributes in the form of CelebA's `list_attr_celeba.txt`: the number of pictures; the names of the
/// attributes; a line for each picture with its name and 1 (yes) or -1 (no) for each attribute.
package struct AttributeList {
  let path: String
  let names: [String]
  private let rowOfPicture: [ExactName: Int]
  private let rows: AttributeTable

  /// - Throws: `DatasetError`, naming the file and the line.
  package init(reading url: URL) throws {
    let lines = try WordLines(reading: url, adviceIfMissing: "expected a list of attributes").lines
    func fail(_ field: String, _ expected: String, _ found: String) -> DatasetError {
      .wrongField(file: url.path, field: field, expected: expected, found: found)
    }
    guard lines.count >= 2, lines[0].words.count == 1, let count = Int(lines[0].words[0]) else {
      throw fail(
        "first line", "the number of pictures, above the names of the attributes",
        "\"\(lines.first?.words.joined(separator: " ").prefix(80) ?? "")\"")
    }
    let names = lines[1].words.map(String.init)
    guard Set(names).count == names.count else { throw fail("line 2", "names, none of them twice", "one twice") }
    guard lines.count - 2 == count else {
      throw fail("number of lines with pictures", "\(count) by its first line", "\(lines.count - 2)")
    }
    var rowOfPicture: [ExactName: Int] = [:]
    var rows = AttributeTable(names: names)
    for line in lines.dropFirst(2) {
      let (number, words) = (line.number, line.words)
      guard words.count == names.count + 1 else {
        throw fail("number of attributes in line \(number)", "\(names.count)", "\(words.count - 1)")
      }
      rows.append(
        try zip(names, words.dropFirst()).map { name, value in
          switch value {
          case "1": .yes
          case "-1", "0": .no
          default: throw fail("attribute \(name) of \(words[0]) (line \(number))", "1 or -1", String(value))
          }
        })
      guard rowOfPicture.updateValue(rows.count - 1, forKey: ExactName(words[0])) == nil else {
        throw fail("picture of line \(number)", "one that no line before it names", String(words[0]))
      }
    }
    path = url.path
    self.names = names
    self.rowOfPicture = rowOfPicture
    self.rows = rows
  }

  /// The attributes of `pictures`, in that order.
  ///
  /// - Throws: `DatasetError.missingAttributes` for a picture that has no line.
  package func table(of pictures: [String]) throws -> AttributeTable {
    try rows.selecting(
      pictures.map { picture in
        guard let row = rowOfPicture[ExactName(picture)] else {
          throw DatasetError.missingAttributes(file: path, picture: picture)
        }
        return row
      })
  }
}

/// The words of a text file, line by line.
struct WordLines {
  struct Line {
    /// From 1.
    let number: Int
    fileprivate let text: Substring

    var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }
  }

  /// Without those that hold no word.
  let lines: [Line]

  init(reading url: URL, adviceIfMissing: String) throws {
    let file = try InputFile(reading: url, adviceIfMissing: adviceIfMissing)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw DatasetError.wrongField(file: url.path, field: "text", expected: "UTF-8", found: "other bytes")
    }
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { Line(number: $0 + 1, text: $1) }.filter { !$0.text.allSatisfy(\.isWhitespace) }
  }
}

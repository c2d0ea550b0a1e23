import Files
import Foundation

/// The file `attributes.csv` of a folder of pictures: the first line is `file` and the names of the attributes; each
/// line below names a picture, relative to the folder, and gives 1 (yes), 0 (no) or nothing (not known) for each
/// attribute. Fields with commas or quotes stand in double quotes, quotes within doubled (RFC 4180).
package struct AttributesCSV {
  package static let fileName = "attributes.csv"

  /// In any case.
  static func isNamed(_ name: some StringProtocol) -> Bool { name.lowercased() == fileName }

  let path: String
  let names: [String]
  private let rows: [(line: Int, file: String, states: [AttributeTable.State])]

  /// - Throws: `DatasetError`, naming the file and the line.
  package init(reading url: URL) throws {
    try self.init(InputFile(reading: url, adviceIfMissing: "expected a table of attributes"))
  }

  /// - Throws: `DatasetError`, naming the file and the line.
  init(_ file: InputFile) throws {
    let lines = try Self.lines(of: file)
    let names = try Self.names(inHeader: lines.first, path: file.path)
    path = file.path
    self.names = names
    rows = try lines.dropFirst().map { number, text in
      let fields = try Self.fields(of: text, line: number, path: file.path)
      guard fields.count == names.count + 1 else {
        throw DatasetError.wrongField(
          file: file.path, field: "number of columns of line \(number)",
          expected: "\(names.count + 1) as in the header",
          found: "\(fields.count)")
      }
      let states = try zip(names, fields.dropFirst()).map { name, value in
        switch value {
        case "1": AttributeTable.State.yes
        case "0": AttributeTable.State.no
        case "": AttributeTable.State.unknown
        default:
          throw DatasetError.wrongField(
            file: file.path, field: "attribute \(name) of \(fields[0]) (line \(number))",
            expected: "1, 0 or nothing (not known)", found: value)
        }
      }
      return (number, fields[0], states)
    }
  }

  /// The names of the attributes alone.
  static func names(in file: InputFile) throws -> [String] {
    try names(inHeader: lines(of: file).first, path: file.path)
  }

  /// The attributes of `files`, in that order.
  ///
  /// - Parameter pictures: every picture that a row may name.
  /// - Throws: `DatasetError` for a row that names no picture or a picture named before, or a picture without a row.
  package func table(of files: [String], among pictures: some Collection<String>) throws -> AttributeTable {
    let known = Set(pictures.map(ExactName.init))
    /// A table may compose letters otherwise than the names of the files; two files may differ in nothing else.
    lazy var alike = Dictionary(grouping: known, by: \.text)
    func picture(_ name: String) -> ExactName? {
      if known.contains(ExactName(name)) { return ExactName(name) }
      return alike[name].flatMap { $0.count == 1 ? $0[0] : nil }
    }
    var rowOfFile: [ExactName: Int] = [:]
    for (index, row) in rows.enumerated() {
      guard let name = picture(row.file) else {
        throw DatasetError.wrongField(
          file: path, field: "file of line \(row.line)", expected: "the path of a picture below this folder",
          found: row.file)
      }
      if let first = rowOfFile.updateValue(index, forKey: name) {
        throw DatasetError.wrongField(
          file: path, field: "file of line \(row.line)", expected: "a picture that no line before it names",
          found: "\(row.file), also in line \(rows[first].line)")
      }
    }
    var table = AttributeTable(names: names)
    for file in files {
      guard let row = rowOfFile[ExactName(file)] else {
        throw DatasetError.missingAttributes(file: path, picture: file)
      }
      table.append(rows[row].states)
    }
    return table
  }

  /// With their numbers, from 1; empty lines are left out.
  private static func lines(of file: InputFile) throws -> [(number: Int, text: Substring)] {
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw DatasetError.wrongField(file: file.path, field: "text", expected: "UTF-8", found: "other bytes")
    }
    // Spreadsheets put a byte order mark before the text.
    return text.drop { $0 == "\u{FEFF}" }.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
      .map { ($0 + 1, $1) }.filter { !$1.isEmpty }
  }

  private static func names(inHeader header: (number: Int, text: Substring)?, path: String) throws -> [String] {
    let fields = try header.map { try Self.fields(of: $0.text, line: $0.number, path: path) } ?? []
    guard fields.count >= 2, fields[0] == "file" else {
      throw DatasetError.wrongField(
        file: path, field: "header", expected: "the word file and the names of the attributes, separated by commas",
        found: header.map { "\"\($0.text.prefix(80))\"" } ?? "an empty file")
    }
    let names = Array(fields.dropFirst())
    guard names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count else {
      throw DatasetError.wrongField(
        file: path, field: "header", expected: "names of attributes, none empty and none twice",
        found: "\"\(header!.text.prefix(80))\"")
    }
    return names
  }

  private static func fields(of line: Substring, line number: Int, path: String) throws -> [String] {
    var fields: [String] = []
    var rest = line
    while true {
      if rest.first == "\"" {
        var field = ""
        rest.removeFirst()
        repeat {
          guard let end = rest.firstIndex(of: "\"") else {
            throw DatasetError.wrongField(
              file: path, field: "line \(number)", expected: "a closing double quote", found: "none")
          }
          field += rest[..<end]
          rest = rest[rest.index(after: end)...]
          if rest.first == "\"" { field += "\"" }
        } while rest.popFirst(ifEqualTo: "\"")
        fields.append(field)
      } else {
        let field = rest.prefix { $0 != "," }
        rest = rest[field.endIndex...]
        fields.append(String(field))
      }
      if rest.isEmpty { return fields }
      guard rest.popFirst(ifEqualTo: ",") else {
        throw DatasetError.wrongField(
          file: path, field: "line \(number)", expected: "a comma after a closing double quote",
          found: "\(rest.prefix(20))")
      }
    }
  }
}

extension Substring {
  /// Drops the first character if it is this one, and says whether it was.
  fileprivate mutating func popFirst(ifEqualTo character: Character) -> Bool {
    guard first == character else { return false }
    removeFirst()
    return true
  }
}

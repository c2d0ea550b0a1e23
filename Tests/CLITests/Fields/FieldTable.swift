import Files
import Foundation

/// A table of fields in `docs/fields.md` or `docs/fields-of-files.md`, against which output is held.
struct FieldTable {
  struct Row {
    /// By its parts: `[]` is an element of a list, a word in capitals is any key, and `*` is whatever follows.
    let path: [String]
    let name: String
    let unit: String
    let mayBeMissing: Bool
  }

  let title: String
  private(set) var rows: [Row] = []

  /// All tables, under the headings that they follow.
  static func tables() throws -> [FieldTable] {
    var tables: [FieldTable] = []
    for name in ["fields.md", "fields-of-files.md"] {
      let text = try String(contentsOf: GlowBinary.root.appending(path: "docs/\(name)"), encoding: .utf8)
      for line in text.split(separator: "\n") {
        if line.hasPrefix("### ") {
          tables.append(FieldTable(title: line.dropFirst(4).replacingOccurrences(of: "`", with: "")))
        } else if line.hasPrefix("| `") {
          let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
          guard cells.count == 6, !tables.isEmpty else { throw Failure(text: "docs/\(name): \(line)") }
          let field = String(cells[1].dropFirst().dropLast())
          let isMissable = !cells[4].isEmpty
          tables[tables.count - 1].rows.append(
            Row(path: parts(of: field), name: field, unit: cells[2], mayBeMissing: isMissable))
        }
      }
    }
    return tables
  }

  /// `a.b[].c` in its parts.
  private static func parts(of field: String) -> [String] {
    field.split(separator: ".").flatMap { part -> [String] in
      let name = part.prefix { $0 != "[" }
      return [String(name)] + Array(repeating: "[]", count: (part.count - name.count) / 2)
    }
  }

  /// How real output differs from the table, a sentence each.
  /// - Parameter never: begins the names of fields that no output here has.
  func differences(from outputs: [JSONValue], never: [String] = []) -> [String] {
    var (found, problems): (Set<String>, [String]) = ([], [])
    for output in outputs {
      let leaves = Self.leaves(of: output)
      for leaf in leaves where leaf.value != nil && !rows.contains(where: { Self.matches($0.path, leaf.path) }) {
        problems.append("\(title): the page lacks the field \(leaf.name)")
      }
      for row in rows {
        let own = leaves.filter { $0.value == nil ? Self.begins(row.path, $0.path) : Self.matches(row.path, $0.path) }
        if !own.isEmpty { found.insert(row.name) }
        if own.isEmpty && !row.mayBeMissing { problems.append("\(title): an output lacks the field \(row.name)") }
        problems += own.compactMap { leaf in
          leaf.value.flatMap {
            Self.isOf(row.unit, $0) ? nil : "\(title): \(leaf.name) is \($0.shown), not \(row.unit)"
          }
        }
      }
    }
    problems += rows.filter { row in !found.contains(row.name) && !never.contains(where: row.name.hasPrefix) }
      .map { "\(title): no output has the field \($0.name)" }
    return Set(problems).sorted()
  }

  private struct Leaf {
    let path: [String]
    /// Nil for an object or a list with nothing in it.
    let value: JSONValue?

    var name: String { path.joined(separator: ".").replacingOccurrences(of: ".[]", with: "[]") }
  }

  private static func leaves(of value: JSONValue, at path: [String] = []) -> [Leaf] {
    switch value {
    case .object(let fields) where !fields.isEmpty:
      fields.flatMap { leaves(of: $1, at: path + [$0]) }
    case .array(let values) where !values.isEmpty: values.flatMap { leaves(of: $0, at: path + ["[]"]) }
    case .object, .array: [Leaf(path: path, value: nil)]
    default: [Leaf(path: path, value: value)]
    }
  }

  private static func matches(_ pattern: [String], _ path: [String]) -> Bool {
    if pattern.last == "*" {
      return path.count >= pattern.count && begins(pattern.dropLast(), Array(path.prefix(pattern.count - 1)))
    }
    return pattern.count == path.count && begins(pattern, path)
  }

  /// Whether a field may lie within what is at `path`.
  private static func begins(_ pattern: some Collection<String>, _ path: [String]) -> Bool {
    pattern.count >= path.count
      && zip(pattern, path).allSatisfy { $0 == $1 || ($0.allSatisfy(\.isUppercase) && $1 != "[]") }
  }

  private static func isOf(_ unit: String, _ value: JSONValue) -> Bool {
    switch (unit, value) {
    case (_, .null): false
    case ("object", _), ("text", .string), ("number or text", .string), ("true or false", .bool): true
    case ("text", _), ("true or false", _), (_, .bool): false
    case (_, .number): true
    case (_, .string(let text)): ["inf", "-inf", "nan"].contains(text)
    default: false
    }
  }
}

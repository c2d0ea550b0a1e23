import Foundation

/// The lines of a table whose columns are aligned: those of words at their beginnings, the others at their ends.
func tableLines(_ rows: [[String]], words: Set<Int>) -> [String] {
  let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    let cells = zip(row, widths).enumerated().map { column, cell in
      let padding = String(repeating: " ", count: cell.1 - cell.0.count)
      return words.contains(column) ? cell.0 + padding : padding + cell.0
    }
    return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
  }
}

import Files
import Foundation

extension Document {
  /// Writes `README.md`, `index.html` and the figures' files into `folder`, which is replaced as a whole: there is the old
  /// report or the new one, never a mixture.
  /// - Throws: ``ReportError`` naming the file, also when `folder` holds what is no report.
  public func write(to folder: URL) throws {
    precondition(Set(figures.map(\.name)).count == figures.count, "two figures have one name")
    let files = FileManager.default
    let old = try? files.contentsOfDirectory(atPath: folder.path)
    if let old, !old.isEmpty, !old.contains("index.html") {
      throw ReportError("\(folder.path) holds other files: name a new folder, or one with an earlier report")
    }
    let part = folder.deletingLastPathComponent().appending(path: ".\(folder.lastPathComponent).part")
    do {
      try? files.removeItem(at: part)
      try files.createDirectory(at: part, withIntermediateDirectories: true)
      try Data(markdown.utf8).write(to: part.appending(path: "README.md"))
      try Data(html.utf8).write(to: part.appending(path: "index.html"))
      for figure in figures { try Data(figure.bytes).write(to: part.appending(path: figure.fileName)) }
      if files.fileExists(atPath: folder.path) { try files.removeItem(at: folder) }
      try files.moveItem(at: part, to: folder)
    } catch {
      try? files.removeItem(at: part)
      throw ReportError("\(folder.path) cannot be written: \(error.systemReason)")
    }
  }
}

/// Why a report cannot be made, in a sentence.
public struct ReportError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

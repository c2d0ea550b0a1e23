import Files
import Foundation

extension Document {
  /// Writes `README.md`, `index.html` and the figures' files into `folder`, which is replaced as a whole: at every moment,
  /// also after a crash, there is the old report or the new one, never a mixture.
  /// - Throws: ``ReportError`` naming the file, also when `folder` holds what is no report.
  public func write(to folder: URL) throws {
    precondition(Set(figures.map(\.name)).count == figures.count, "two figures have one name")
    let old = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    if let old, !old.isEmpty, !old.contains("index.html"), !holdsPage(folder) {
      throw ReportError("\(folder.path) holds other files: name a new folder, or one with an earlier report")
    }
    do {
      try AtomicFolder.write(to: folder) { part in
        try Data(markdown.utf8).write(to: part.appending(path: "README.md"))
        try Data(html.utf8).write(to: part.appending(path: "index.html"))
        for figure in figures { try Data(figure.bytes).write(to: part.appending(path: figure.fileName)) }
      }
    } catch { throw ReportError("\(folder.path) cannot be written: \(error.systemReason)") }
  }

  /// Whether a folder has a page of this title, such as one under version control, where its twin in HTML is left out.
  private func holdsPage(_ folder: URL) -> Bool {
    let page = try? String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
    return page?.hasPrefix("# \(title)\n") == true
  }
}

/// Why a report cannot be made, in a sentence.
public struct ReportError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

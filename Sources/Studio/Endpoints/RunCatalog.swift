import Files
import Foundation
import Runs

/// The training runs below a folder, by names that are looked up in what is there: no path that a request gives is opened.
struct RunCatalog: Sendable {
  let folder: URL

  struct Entry: Sendable {
    /// The path below the folder, with / as ~1 and ~ as ~0 (as in a JSON pointer, RFC 6901).
    let id: String
    let path: String
    let run: RunFolder
  }

  /// In the order of their folders; none where there is no folder yet.
  var entries: [Entry] {
    let base = folder.standardizedFileURL.path
    return ((try? RunSummary.runs(in: folder)) ?? []).map { run in
      let path = run.url.standardizedFileURL.path
      let name = path.hasPrefix(base + "/") ? String(path.dropFirst(base.count + 1)) : run.url.lastPathComponent
      return Entry(id: name.replacing("~", with: "~0").replacing("/", with: "~1"), path: name, run: run)
    }
  }

  subscript(id: String) -> Entry? { entries.first { $0.id == id } }
}

extension RunCatalog.Entry {
  /// What `glow status` says of the run, with its id; of a run that cannot be read, why.
  var summary: JSONValue {
    var fields: [String: JSONValue]
    do {
      guard case .object(let summary) = try JSONValue(encoding: RunSummary(of: run)) else {
        fatalError("it is an object")
      }
      fields = summary
    } catch { fields = ["state": "unreadable", "error": .string("\(error)")] }
    fields["id"] = .string(id)
    fields["run"] = .string(path)
    fields["hasSamples"] = .bool(FileManager.default.fileExists(atPath: run.samplesFile.path))
    return .object(fields)
  }
}

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
  struct Answer: Encodable {
    var id: String
    var path: String
    var hasSamples: Bool
    var summary: Result<RunSummary, any Error>

    private enum CodingKeys: CodingKey { case id, run, hasSamples, state, error }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch summary {
      case .success(let summary): try summary.encode(to: encoder)
      case .failure(let error):
        try container.encode("unreadable", forKey: .state)
        try container.encode("\(error)", forKey: .error)
      }
      try container.encode(id, forKey: .id)
      // In place of the path from where the server was started.
      try container.encode(path, forKey: .run)
      try container.encode(hasSamples, forKey: .hasSamples)
    }

    static let schema = Schema([
      "type": "object", "required": ["id", "run", "state", "hasSamples"],
      "properties": [
        "id": Schema.text.json, "run": Schema.text.json, "hasSamples": Schema.flag.json, "error": Schema.text.json,
        "state": Schema.choice(RunSummary.State.allCases.map(\.rawValue) + ["unreadable"]).json,
      ],
    ])
  }

  func answer() -> Answer {
    Answer(
      id: id, path: path, hasSamples: FileManager.default.fileExists(atPath: run.samplesFile.path),
      summary: Result { try RunSummary(of: run) })
  }
}

import FlowModels
import Foundation

/// What a judge found of a model's edits, in `judge.json` beside the model, as `Scripts/judge.py --write` makes it.
struct JudgeFile: Decodable {
  private struct Edits: Decodable {
    var shares: [String: Double]
  }

  private var format: String
  private var version: Int
  private var turned: [String: Edits]

  private static let name = "judge.json"

  /// By the kind of edit (`told`, or a direction's kind), then by attribute; empty without a file.
  /// - Parameter folders: those to look into, the first that has the file counts.
  /// - Throws: `ModelError` for a file that is no such one.
  static func turned(in folders: [URL]) throws -> [String: [String: Double]] {
    let files = folders.map { $0.appending(path: name) }
    guard let url = files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else { return [:] }
    let file: JudgeFile
    do { file = try JSONDecoder().decode(JudgeFile.self, from: Data(contentsOf: url)) } catch {
      throw ModelError.file(
        url.path, reason: "is no file of a judge: make it anew with Scripts/judge.py --write, or take it away")
    }
    guard file.format == "swift-glow judge", file.version == 1 else {
      throw ModelError.file(
        url.path, reason: "is \(file.format), version \(file.version), expected swift-glow judge, version 1")
    }
    return file.turned.mapValues(\.shares)
  }
}

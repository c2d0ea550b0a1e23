import ArgumentParser
import Datasets
import FlowModels
import Foundation
import Imaging
import Runs
import Training
import WeightLayouts

/// What a shell offers for a value.
enum Completions {
  static let model = words { _ in ModelLocation.shippedNames + runs(below: "runs") }
  static let run = words { _ in runs(below: "runs") }
  static let data = words { _ in
    DatasetKinds.entries.map(\.spelling).filter { !$0.contains(":") && !$0.contains(" ") }
  }
  static let layout = words { _ in WeightLayout.shippedNames }
  static let preset = CompletionKind.list(Preset.all.map(\.name))
  static let device = CompletionKind.list(["cpu", "cuda", "mps"])
  static let picture = CompletionKind.file(extensions: PictureExtensions.read.sorted())
  static let safetensors = CompletionKind.file(extensions: ["safetensors"])

  /// The words, and the folders that begin as what is there of the value.
  private static func words(_ words: @escaping @Sendable (String) -> [String]) -> CompletionKind {
    .custom { _, _, prefix in Array(Set(words(prefix) + folders(beginningAs: prefix))).sorted() }
  }

  /// Folders as a shell completes them: those that are hidden only after a dot.
  static func folders(beginningAs prefix: String) -> [String] {
    let slash = prefix.lastIndex(of: "/")
    let parent = slash.map { String(prefix[...$0]) } ?? ""
    let own = prefix[(slash.map { prefix.index(after: $0) } ?? prefix.startIndex)...]
    func path(_ name: String) -> String { NSString(string: name).expandingTildeInPath }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.isEmpty ? "." : path(parent))) ?? []
    return names.filter { $0.hasPrefix(own) && (own.hasPrefix(".") || !$0.hasPrefix(".")) }.map { parent + $0 }
      .filter { FileIdentity.isFolder(path($0)) }
  }

  /// The runs right below a folder.
  private static func runs(below folder: String) -> [String] {
    folders(beginningAs: folder + "/").filter { FolderContents.isRun(URL(filePath: $0)) }
  }
}
